#include "source/simulate/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <queue>
#include <utility>

#include "source/base/random.h"
#include "source/base/status.h"
#include "source/routing/auto_pool.h"
#include "source/routing/cell_registry.h"
#include "source/routing/course.h"

namespace omni::simulate {
namespace {

using routing::Course;

constexpr int64_t kStartMs = 1'800'000'000'000;  // Cells keep moments since 1970.
constexpr int64_t kMinute = 60'000;
constexpr int64_t kBytesPerToken = 4;

// The same in every run.
class Lots {
 public:
  uint64_t word() { return mixed(state_++); }
  double fraction() { return (static_cast<double>(word() >> 11) + 0.5) * 0x1p-53; }

 private:
  uint64_t state_ = 1;
};

// A target of the trace at work.
struct Place {
  Behaviour now;
  std::deque<int64_t> accepted;  // Of the last minute.
};

struct Request {
  const Arrival* arrival = nullptr;
  Plan plan;
  std::unique_ptr<Course> course;
  int64_t tried_ms = 0;
  bool runs = false;   // An attempt is open, and this is its end.
  bool fails = false;  // It ends badly, with `failure`.
  routing::Failure failure;
};

class Simulation {
 public:
  Simulation(const GatewayConfig& config, routing::Combo& combo, const Trace& trace)
      : policy_(config.resilience), combo_(combo), trace_(trace) {}

  Result run() {
    requests_.resize(trace_.arrivals.size());
    for (size_t i = 0; i < requests_.size(); ++i) {
      requests_[i].arrival = &trace_.arrivals[i];
      later(kStartMs + trace_.arrivals[i].at_ms, i);
    }
    while (!events_.empty()) {
      const auto [at_ms, index] = events_.top();
      events_.pop();
      now_ms_ = at_ms;
      behave();
      step(requests_[index], index);
    }
    return std::move(result_);
  }

 private:
  void later(int64_t at_ms, size_t index) { events_.emplace(at_ms, index); }

  void behave() {
    for (; next_behaviour_ < trace_.behaviours.size(); ++next_behaviour_) {
      const Behaviour& next = trace_.behaviours[next_behaviour_];
      if (kStartMs + next.at_ms > now_ms_) return;
      places_[next.target].now = next;
    }
  }

  void begin(Request& request) {
    ++result_.requests;
    request.plan.combo = &combo_;
    for (uint16_t i = 0; i < combo_.targets.size(); ++i) request.plan.places.push_back(i);
    request.plan.rules = combo_.rules;
    request.plan.session = request.arrival->session;
    request.course = std::make_unique<Course>(
        request.plan, policy_,
        routing::CourseInput{
            .random = lots_.word(),
            .body_bytes = static_cast<size_t>(request.arrival->input_tokens * kBytesPerToken),
            .began_ms = now_ms_});
  }

  void step(Request& request, size_t index) {
    if (!request.course) begin(request);
    if (std::exchange(request.runs, false)) {
      if (!request.fails) return answered(request);
      request.course->fail(request.failure, now_ms_);
    }
    const Course::Step next = request.course->next(now_ms_);
    if (next.kind == Course::Step::Kind::kTry) return attempt(request, index);
    if (next.kind == Course::Step::Kind::kWait)
      return later(now_ms_ + absl::ToInt64Milliseconds(next.wait), index);
    request.course.reset();
  }

  void attempt(Request& request, size_t index) {
    ++result_.attempts;
    const Target& target = request.course->target();
    Place& place = places_[fmt::format("{}/{}", target.provider->id, target.model)];
    request.runs = true;
    request.tried_ms = now_ms_;
    // Most answers come near the median, and some take long.
    const double slowness = std::exp(0.55 * std::sqrt(-2 * std::log(lots_.fraction())) *
                                     std::cos(6.283185307179586 * lots_.fraction()));
    const auto took = static_cast<int64_t>(place.now.first_token_ms * slowness);
    while (!place.accepted.empty() && place.accepted.front() <= now_ms_ - kMinute)
      place.accepted.pop_front();
    const bool is_limited = place.now.per_minute > 0 &&
                            static_cast<int64_t>(place.accepted.size()) >= place.now.per_minute;
    request.fails = is_limited || lots_.fraction() < place.now.failing;
    request.failure = {.status = is_limited ? 429 : place.now.status};
    if (is_limited) request.failure.hint = absl::Milliseconds(place.now.retry_after_ms);
    if (!is_limited) place.accepted.push_back(now_ms_);
    const absl::Duration limit = combo_.rules.target_timeout;
    if (!request.fails && limit > absl::ZeroDuration() && absl::Milliseconds(took) > limit) {
      request.fails = true;
      request.failure = {.kind = routing::Failure::Kind::kTimeout, .status = 504};
      return later(now_ms_ + absl::ToInt64Milliseconds(limit), index);
    }
    // A limit is told at once.
    later(now_ms_ + (is_limited ? 20 : took), index);
  }

  void answered(Request& request) {
    Course& course = *request.course;
    const Target& target = course.target();
    course.commit((now_ms_ - request.tried_ms) * 1000, now_ms_);
    course.end(true, now_ms_);
    ++result_.answered;
    result_.first_token_ms.push_back(now_ms_ - kStartMs - request.arrival->at_ms);
    const std::string name = fmt::format("{}/{}", target.provider->id, target.model);
    ++result_.by_target[name];
    const std::string where = target.account != nullptr ? name + "#" + target.account->name : name;
    if (!request.arrival->session.empty()) {
      std::string& before = homes_[request.arrival->session];
      if (!before.empty() && before != where) ++result_.moved;
      before = where;
    }
    const Model* known = target.provider->find_model(target.model);
    if (known != nullptr && known->price) {
      result_.cost += (static_cast<double>(request.arrival->input_tokens) * known->price->input +
                       static_cast<double>(request.arrival->output_tokens) * known->price->output) /
                      1e6;
    } else if (!target.provider->is_demo) {
      ++result_.unpriced;
    }
    request.course.reset();
  }

  using Event = std::pair<int64_t, size_t>;

  const routing::Policy& policy_;
  routing::Combo& combo_;
  const Trace& trace_;
  std::vector<Request> requests_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<std::string, Place> places_;
  std::map<std::string, std::string> homes_;  // Of conversations.
  size_t next_behaviour_ = 0;
  int64_t now_ms_ = 0;
  Lots lots_;
  Result result_;
};

// A configured one, or one of those that are built in.
absl::StatusOr<routing::Combo> find_combo(const GatewayConfig& config, const ProviderList& list,
                                          const std::string& name) {
  if (routing::is_auto_name(name)) {
    for (routing::Combo& each : routing::make_auto_combos(list))
      if (each.name == name) return std::move(each);
    return invalid(fmt::format("no connected providers match '{}'", name));
  }
  const auto found = std::find_if(config.combos.begin(), config.combos.end(),
                                  [&](const auto& each) { return each.name == name; });
  if (found == config.combos.end()) return invalid(fmt::format("no combo is named '{}'", name));
  routing::Combo made{.name = found->name,
                      .strategy = found->strategy,
                      .rules = found->rules,
                      .sticky = found->sticky};
  if (const auto failure =
          routing::Flattener(config.combos, list, config.aliases).flatten(*found, made))
    return invalid(failure->message);
  routing::prepare_scores(found->scoring, made);
  return made;
}

}  // namespace

int64_t Result::first_token(double share) const {
  if (first_token_ms.empty()) return 0;
  std::vector<int64_t> sorted = first_token_ms;
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

absl::StatusOr<Result> run(const GatewayConfig& config, const std::string& combo,
                           routing::Strategy strategy, const Trace& trace) {
  // Nobody knows anything yet, for each strategy alike.
  routing::CellRegistry cells;
  std::vector<Provider> providers = config.providers;
  cells.attach(providers);
  const ProviderList list(std::move(providers));
  absl::StatusOr<routing::Combo> found = find_combo(config, list, combo);
  if (!found.ok()) return found.status();
  routing::Combo made = *std::move(found);
  made.strategy = strategy;
  cells.attach(made);
  return Simulation(config, made, trace).run();
}

}  // namespace omni::simulate
