// The upstream filter in a chain; the test plays the providers.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "filters/upstream/upstream_filter.h"
#include "test/support/chain_harness.h"

namespace omni::test {

inline const std::string kPlainAnswer =
    R"({"id":"x","choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}})";
inline const std::string kRoleEvent =
    R"(data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
    "\n\n";
inline const std::string kContentEvent =
    R"(data: {"choices":[{"delta":{"content":"hi"},"finish_reason":null}]})"
    "\n\n";
inline const std::string kDoneEvent = "data: [DONE]\n\n";

// Two providers, "one" and then "two", that the plan tries in order; `demo` on its own.
struct Try {
  explicit Try(std::string_view fields = "", std::string_view model = "m", bool demo = false)
      : harness(make_snapshot()) {
    harness.add(make_template_of<filters::UpstreamFilter>(config()));
    const std::string body = R"({"model":")" + std::string(model) + "\"" + std::string(fields) +
                             R"(,"messages":[{"role":"user","content":"Say this  back"}]})";
    harness.exchange.read_chat(body);
    Plan& plan = facts().plan;
    for (const Provider& provider : harness.exchange.snapshot().providers->all()) {
      if (provider.is_demo != demo) continue;
      plan.targets.push_back(
          {&provider, demo ? nullptr : &provider.accounts[0], std::string(model)});
    }
    harness.send(body);
  }
  static filters::UpstreamFilter::Config config() {
    filters::UpstreamFilter::Config made;
    made.timeout = absl::Seconds(60);
    made.heartbeat_after = absl::Seconds(20);
    return made;
  }
  static std::shared_ptr<Snapshot> make_snapshot() {
    SnapshotBuilder builder;
    builder.provider("one", {"m"});
    builder.last().usage_in_streams = true;
    builder.provider("two", {"m"}).demo();
    return builder.build();
  }
  FakeUpstreamPools& pools() { return harness.exchange.pools(); }
  FakeUpstream& up() { return pools().last(); }
  Facts& facts() { return harness.exchange.facts(); }
  RecordingSink& sink() { return harness.sink; }
  void settle() { harness.settle(); }
  void plain(int status, std::string_view body) {
    up().headers(status);
    up().body_bytes(body);
    up().complete();
    settle();
  }

  ChainHarness harness;
};

}  // namespace omni::test
