// Filters that do what a test says, and note what they were given.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/filter.h"
#include "api/filter_registry.h"

namespace omni::test {

// Every event of every filter, in order: "a>headers", "a>body:xyz", "a<complete", "a.end".
using Journal = std::vector<std::string>;

// What one filter does. Absent parts continue.
struct Script {
  std::string name;
  Journal* journal = nullptr;
  Wants wants;
  std::function<Next(FilterContext&)> request_headers, request_complete;
  std::function<Next(FilterContext&, Buffer&)> request_body, response_body;
  std::function<Next(FilterContext&, ResponseHead&)> response_headers;
  std::function<Next(FilterContext&)> response_complete;
};

class ScriptedFilter final : public Filter {
 public:
  ScriptedFilter(const Script& script, FilterContext& context)
      : script_(script), context_(context) {}

  Wants wants() const override { return script_.wants; }
  Next on_request_headers(RequestHead&) override {
    note(">headers");
    return script_.request_headers ? script_.request_headers(context_) : Next::kContinue;
  }
  Next on_request_body(Buffer& bytes) override {
    note(">body:" + bytes.to_string());
    return script_.request_body ? script_.request_body(context_, bytes) : Next::kContinue;
  }
  Next on_request_complete() override {
    note(">complete");
    return script_.request_complete ? script_.request_complete(context_) : Next::kContinue;
  }
  Next on_response_headers(ResponseHead& head) override {
    note("<headers:" + std::to_string(head.status));
    return script_.response_headers ? script_.response_headers(context_, head) : Next::kContinue;
  }
  Next on_response_body(Buffer& bytes) override {
    note("<body:" + bytes.to_string());
    return script_.response_body ? script_.response_body(context_, bytes) : Next::kContinue;
  }
  Next on_response_complete() override {
    note("<complete");
    return script_.response_complete ? script_.response_complete(context_) : Next::kContinue;
  }
  void on_response_pressure(bool hold) override { note(hold ? ".hold" : ".release"); }
  void on_end() noexcept override { note(".end"); }

 private:
  void note(const std::string& event) {
    if (script_.journal != nullptr) script_.journal->push_back(script_.name + event);
  }

  const Script& script_;
  FilterContext& context_;
};

// `script` outlives the filters made.
inline FilterTemplate make_template(const Script& script) {
  return [&script](FilterContext& context) -> std::unique_ptr<Filter> {
    return std::make_unique<ScriptedFilter>(script, context);
  };
}

// A template for a real filter with its configuration.
template <class F>
FilterTemplate make_template_of(typename F::Config config) {
  auto shared = std::make_shared<const typename F::Config>(std::move(config));
  return {[shared](FilterContext& context) -> std::unique_ptr<Filter> {
            return std::make_unique<F>(*shared, context);
          },
          FilterHooks::of<F>()};
}

}  // namespace omni::test
