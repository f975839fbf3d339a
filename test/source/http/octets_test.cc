// Sixteen bytes at a time say what one byte at a time says, whatever the size, the place and the
// byte.
#include "source/http/octets.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "source/http/vocabulary.h"

namespace omni {
namespace {

// Calls `check(text, at)` for texts of many sizes with every byte at every place, each in an
// allocation that ends `behind` bytes after it.
template <class Check>
void for_each_text(char filling, size_t behind, Check check) {
  for (size_t size = 1; size < 50; ++size) {
    std::string text(size, filling);
    text.shrink_to_fit();
    for (size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        const std::unique_ptr<char[]> exact(new char[size + behind]);
        std::memset(exact.get(), '\n', size + behind);
        std::memcpy(exact.get(), text.data(), size);
        exact[at] = static_cast<char>(c);
        check(std::string_view(exact.get(), size), at);
      }
    }
  }
}

bool is_plain(char c) { return is_token_char(c) && std::strchr("!#$%&'*+.^_`|~", c) == nullptr; }

TEST(OctetsTest, FindAndCopyUpToAControlCharacter) {
  for_each_text('x', 0, [](std::string_view text, size_t at) {
    const char* end = text.data() + text.size();
    const bool stops = is_control(text[at]) && text[at] != '\t';
    const char* expected = stops ? text.data() + at : end;
    ASSERT_EQ(find_control(text.data(), end), expected);
    std::string copy(text.size(), '?');
    ASSERT_EQ(copy_to_control(text.data(), end, copy.data()), expected);
    const auto size = static_cast<size_t>(expected - text.data());
    ASSERT_EQ(copy.substr(0, size), text.substr(0, size));
  });
}

TEST(OctetsTest, FindTheEndOfATarget) {
  for_each_text('/', 0, [](std::string_view text, size_t at) {
    const char c = text[at];
    const bool stops = c <= 0x20 || c >= 0x7f || c == '#';
    ASSERT_EQ(find_target_end(text.data(), text.data() + text.size()),
              text.data() + (stops ? at : text.size()));
  });
}

TEST(OctetsTest, LowerTokens) {
  for_each_text('Q', 0, [](std::string_view text, size_t at) {
    std::string out(text.size(), '?');
    const size_t size = lower_token(text.data(), text.data() + text.size(), out.data());
    ASSERT_EQ(size, is_token_char(text[at]) ? text.size() : at);
    for (size_t i = 0; i < size; ++i)
      ASSERT_EQ(out[i], text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
  });
}

TEST(OctetsTest, CopyWhatIsPadded) {
  for_each_text('q', 16, [](std::string_view text, size_t at) {
    std::string out(text.size() + 16, '?');
    const bool is_token_surely = copy_plain_token(text, out.data());
    ASSERT_EQ(out.substr(0, text.size()), text);
    out.assign(text.size() + 16, '?');
    const bool is_value_surely = copy_plain_value(text, out.data());
    ASSERT_EQ(out.substr(0, text.size()), text);
#if defined(__SSE2__)
    ASSERT_EQ(is_token_surely, is_plain(text[at]));
    ASSERT_EQ(is_value_surely, !is_control(text[at]));
#else
    ASSERT_FALSE(is_token_surely || is_value_surely || at > text.size());
#endif
  });
}

TEST(OctetsTest, KnowPlainPaths) {
  for_each_text('p', 0, [](std::string_view text, size_t at) {
    ASSERT_EQ(is_surely_path(text), is_plain(text[at]) || text[at] == '/');
  });
  for (size_t size = 2; size < 70; ++size) {
    for (size_t at = 0; at + 1 < size; ++at) {
      std::string text(size, 'p');
      text[at] = text[at + 1] = '/';
      ASSERT_FALSE(is_surely_path(text)) << text;
    }
  }
}

}  // namespace
}  // namespace omni
