#include "source/sse/framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace omni::sse {
namespace {

struct Fed {
  std::vector<std::string> data;
  std::string bytes;
  std::string tail;
  bool ok = true;
};

// Feeds `text` in pieces that end at the given cuts.
Fed feed(std::string_view text, const std::vector<size_t>& cuts, size_t limit = 1 << 20) {
  Fed out;
  Framer framer(limit);
  Buffer kept;
  size_t at = 0;
  const auto put = [&](size_t end) {
    Buffer piece(text.substr(at, end - at));
    at = end;
    out.ok = out.ok &&
             framer.feed(
                 piece,
                 [&](std::string_view frame) {
                   std::string joined;
                   const Event event = parse_frame(frame, joined);
                   if (event.has_data)
                     out.data.push_back(std::string(event.type) + "|" + std::string(event.data));
                   return event.data != "hide";
                 },
                 kept);
  };
  for (const size_t cut : cuts) put(cut);
  put(text.size());
  out.bytes = kept.to_string();
  out.tail = std::string(framer.tail());
  return out;
}

TEST(FramerTest, GivesTheSameEventsAndBytesForEverySplit) {
  const std::string streams[] = {
      "data: one\n\ndata: two\n\n",
      "data: one\r\n\r\nevent: x\r\ndata: two\r\n\r\n",
      "data: one\r\rdata: two\r\rdata: three\r\r",
      ": hi\n\ndata: a\ndata: b\n\nid: 7\nretry: 1\ndata:c\n\n",
      "data: one\n\r\ndata: two\r\n\ndata: \xE2\x82\xAC\n\n",
      "\xEF\xBB\xBF"
      "data: bom\n\n\n\ndata: after empty lines\n\n",
  };
  for (const std::string& text : streams) {
    const Fed whole = feed(text, {});
    EXPECT_FALSE(whole.data.empty());
    EXPECT_EQ(whole.bytes, text);
    for (size_t a = 0; a <= text.size(); ++a) {
      for (size_t b = a; b <= text.size(); ++b) {
        const Fed split = feed(text, {a, b});
        ASSERT_EQ(split.data, whole.data) << text << " cut at " << a << " and " << b;
        ASSERT_EQ(split.bytes, whole.bytes) << text << " cut at " << a << " and " << b;
      }
    }
  }
}

TEST(FramerTest, JoinsDataLinesWithLineFeeds) {
  EXPECT_EQ(feed("data: a\ndata:\ndata:  b\n\n", {}).data, std::vector<std::string>{"|a\n\n b"});
}

TEST(FramerTest, LeavesRefusedFramesOutOfTheOutput) {
  const std::string text = "data: a\n\ndata: hide\n\ndata: b\n\n";
  for (size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(feed(text, {cut}).bytes, "data: a\n\ndata: b\n\n") << cut;
}

TEST(FramerTest, KeepsAnUnfinishedFrameBack) {
  const Fed fed = feed("data: a\n\ndata: cut", {});
  EXPECT_EQ(fed.bytes, "data: a\n\n");
  EXPECT_EQ(fed.tail, "data: cut");
}

TEST(FramerTest, RefusesAFrameBeyondItsBoundHoweverItArrives) {
  const std::string text = "data: " + std::string(100, 'x') + "\n\n";
  EXPECT_TRUE(feed(text, {}, 200).ok);
  EXPECT_FALSE(feed(text.substr(0, 80), {}, 50).ok);
  EXPECT_FALSE(feed(text.substr(0, 80), {10, 20, 30, 40, 50, 60}, 50).ok);
}

}  // namespace
}  // namespace omni::sse
