#include "source/http/http1/head_reader.h"

namespace omni {

HeadReader::Verdict HeadReader::read(Buffer& in) {
  if (partial_.empty()) {
    const Verdict verdict = guard_.scan(in.front());
    if (verdict == Verdict::kComplete) {
      head_ = in.front().substr(guard_.begin(), guard_.end() - guard_.begin());
      in_front_ = guard_.end();
    }
    if (verdict != Verdict::kIncomplete) return verdict;
    partial_.assign(in.front());
    in.drop(in.front().size());
  }
  while (!in.empty()) {
    const size_t before = partial_.size();
    partial_.append(in.front());
    const Verdict verdict = guard_.scan(partial_);
    if (verdict == Verdict::kComplete) {
      head_ = std::string_view(partial_).substr(guard_.begin(), guard_.end() - guard_.begin());
      in_front_ = guard_.end() - before;
    }
    if (verdict != Verdict::kIncomplete) return verdict;
    in.drop(in.front().size());
  }
  return Verdict::kIncomplete;
}

void HeadReader::finish(Buffer& in) {
  in.drop(in_front_);
  in_front_ = 0;
  head_ = {};
  if (!partial_.empty()) std::string().swap(partial_);
  guard_.restart();
}

}  // namespace omni
