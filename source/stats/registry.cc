#include "source/stats/registry.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/check.h"
#include "source/base/format.h"

namespace omni {
namespace {

constexpr std::string_view kPrefix = "omniroute_";
constexpr std::string_view kDropped = "omniroute_stats_dropped";
// Buckets and the sum, as Histogram lays them out.
constexpr uint32_t kHistogramCells = Histogram::kBuckets + 1;

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!ok && c != '_') return false;
  }
  return true;
}

std::string full_name(std::string_view name) {
  OMNI_CHECK(is_name(name));
  if (name.substr(0, kPrefix.size()) == kPrefix) return std::string(name);
  return std::string(kPrefix).append(name);
}

// A quote is escaped in label values only; in HELP it stands for itself.
void append_escaped(std::string& out, std::string_view text, bool is_label) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && is_label) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string label_text(const StatLabel& label) {
  OMNI_CHECK(is_name(label.name));
  std::string out(label.name);
  out += "=\"";
  append_escaped(out, label.value, true);
  out += '"';
  return out;
}

std::string labels_text(std::initializer_list<StatLabel> labels) {
  std::string out;
  for (const StatLabel& label : labels) {
    if (!out.empty()) out += ',';
    out += label_text(label);
  }
  return out;
}

// True when `rendered` has `wanted` between commas. The closing quote and the comma make a match
// inside another label's value impossible: quotes in values are escaped.
bool has_label(std::string_view rendered, const StatLabel& wanted) {
  const std::string text = label_text(wanted);
  for (size_t at = rendered.find(text); at != std::string_view::npos;
       at = rendered.find(text, at + 1)) {
    const size_t end = at + text.size();
    if ((at == 0 || rendered[at - 1] == ',') && (end == rendered.size() || rendered[end] == ',')) {
      return true;
    }
  }
  return false;
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   std::string_view labels, std::string_view value) {
  if (labels.empty()) {
    append_format(out, "{}{} {}\n", name, suffix, value);
  } else {
    append_format(out, "{}{}{{{}}} {}\n", name, suffix, labels, value);
  }
}

}  // namespace

StatRegistry::StatRegistry() : next_cell_(kHistogramCells) {}

void StatRegistry::attach_thread() {
  const std::lock_guard lock(mutex_);
  Slab* free = nullptr;
  for (const std::unique_ptr<Slab>& slab : slabs_) {
    if (slab->cells.data() == stat_slab) return;
    if (!slab->is_taken) free = slab.get();
  }
  if (free == nullptr) free = slabs_.emplace_back(std::make_unique<Slab>()).get();
  free->is_taken = true;
  stat_slab = free->cells.data();
}

void StatRegistry::detach_thread() {
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<Slab>& slab : slabs_) {
    if (slab->cells.data() != stat_slab) continue;
    slab->is_taken = false;
    stat_slab = nullptr;
    return;
  }
}

StatRegistry::Family& StatRegistry::family(std::string_view name, std::string_view help,
                                           Kind kind) {
  std::string full = full_name(name);
  const auto [at, is_first] = by_name_.try_emplace(full, families_.size());
  if (is_first) families_.push_back({std::move(full), std::string(help), kind, {}});
  Family& found = families_[at->second];
  OMNI_CHECK(found.kind == kind);
  return found;
}

const StatRegistry::Family* StatRegistry::find(std::string_view name) const {
  const auto at = by_name_.find(full_name(name));
  return at == by_name_.end() ? nullptr : &families_[at->second];
}

uint32_t StatRegistry::cells_for(std::string_view name, std::string_view help, Kind kind,
                                 std::initializer_list<StatLabel> labels) {
  const uint32_t needed = kind == Kind::kHistogram ? kHistogramCells : 1;
  std::string text = labels_text(labels);
  const std::lock_guard lock(mutex_);
  Family& home = family(name, help, kind);
  for (const Series& series : home.series) {
    if (series.labels == text) return series.first;
  }
  if (kCells - next_cell_ < needed) {
    ++dropped_;
    return 0;
  }
  const uint32_t first = std::exchange(next_cell_, next_cell_ + needed);
  home.series.push_back({std::move(text), first, nullptr});
  return first;
}

Counter StatRegistry::counter(std::string_view name, std::string_view help,
                              std::initializer_list<StatLabel> labels) {
  return Counter(cells_for(name, help, Kind::kCounter, labels));
}

Gauge StatRegistry::gauge(std::string_view name, std::string_view help,
                          std::initializer_list<StatLabel> labels) {
  return Gauge(cells_for(name, help, Kind::kGauge, labels));
}

Histogram StatRegistry::histogram(std::string_view name, std::string_view help,
                                  std::initializer_list<StatLabel> labels) {
  return Histogram(cells_for(name, help, Kind::kHistogram, labels));
}

void StatRegistry::gauge_function(std::string_view name, std::string_view help,
                                  std::function<double()> value,
                                  std::initializer_list<StatLabel> labels) {
  std::string text = labels_text(labels);
  const std::lock_guard lock(mutex_);
  Family& home = family(name, help, Kind::kGauge);
  for (Series& series : home.series) {
    if (series.labels != text) continue;
    series.value = std::move(value);
    return;
  }
  home.series.push_back({std::move(text), 0, std::move(value)});
}

void StatRegistry::remove_gauge_function(std::string_view name,
                                         std::initializer_list<StatLabel> labels) {
  const std::string text = labels_text(labels);
  const std::lock_guard lock(mutex_);
  const auto at = by_name_.find(full_name(name));
  if (at == by_name_.end()) return;
  std::vector<Series>& all = families_[at->second].series;
  std::erase_if(all, [&](const Series& series) { return series.value && series.labels == text; });
}

uint64_t StatRegistry::total(uint32_t index) const {
  uint64_t out = 0;
  for (const std::unique_ptr<Slab>& slab : slabs_) {
    out += slab->cells[index].load(std::memory_order_relaxed);
  }
  return out;
}

void StatRegistry::render_histogram(const Family& family, const Series& series,
                                    std::string& out) const {
  const std::string comma = series.labels.empty() ? "" : ",";
  uint64_t count = 0;
  for (int bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    count += total(series.first + static_cast<uint32_t>(bucket));
    const bool is_last = bucket == Histogram::kBuckets - 1;
    const double limit_us = static_cast<double>(uint64_t{1} << (Histogram::kFirstPower + bucket));
    const std::string le = is_last ? "+Inf" : fmt::format("{}", limit_us / 1e6);
    append_sample(out, family.name, "_bucket",
                  fmt::format("{}{}le=\"{}\"", series.labels, comma, le), fmt::to_string(count));
  }
  const double sum_us = static_cast<double>(total(series.first + Histogram::kBuckets));
  append_sample(out, family.name, "_sum", series.labels, fmt::format("{}", sum_us / 1e6));
  append_sample(out, family.name, "_count", series.labels, fmt::to_string(count));
}

void StatRegistry::render_family(const Family& family, std::string& out) const {
  if (family.series.empty()) return;
  out.append("# HELP ").append(family.name).append(" ");
  append_escaped(out, family.help, false);
  constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
  append_format(out, "\n# TYPE {} {}\n", family.name, kTypes[static_cast<size_t>(family.kind)]);
  for (const Series& series : family.series) {
    if (family.kind == Kind::kHistogram) {
      render_histogram(family, series, out);
    } else if (series.value) {
      append_sample(out, family.name, "", series.labels, fmt::format("{}", series.value()));
    } else if (family.kind == Kind::kGauge) {
      const auto value = static_cast<int64_t>(total(series.first));
      append_sample(out, family.name, "", series.labels, fmt::to_string(value));
    } else {
      append_sample(out, family.name, "", series.labels, fmt::to_string(total(series.first)));
    }
  }
}

void StatRegistry::render(std::string& out) const {
  const std::lock_guard lock(mutex_);
  for (const Family& each : families_) render_family(each, out);
  append_format(out,
                "# HELP {0} Metrics that found no free cell and count nowhere.\n"
                "# TYPE {0} counter\n{0} {1}\n",
                kDropped, dropped_);
}

int64_t StatRegistry::sum(std::string_view name, std::initializer_list<StatLabel> labels) const {
  const std::lock_guard lock(mutex_);
  if (full_name(name) == kDropped) return static_cast<int64_t>(dropped_);
  const Family* found = find(name);
  if (found == nullptr) return 0;
  uint64_t out = 0;
  for (const Series& series : found->series) {
    bool matches = true;
    for (const StatLabel& label : labels) matches = matches && has_label(series.labels, label);
    if (!matches) continue;
    if (series.value) {
      out += static_cast<uint64_t>(static_cast<int64_t>(series.value()));
      continue;
    }
    const uint32_t cells = found->kind == Kind::kHistogram ? Histogram::kBuckets : 1;
    for (uint32_t i = 0; i < cells; ++i) out += total(series.first + i);
  }
  return static_cast<int64_t>(out);
}

}  // namespace omni
