"""The page of metrics and the sources that make them."""
import unittest

import tools

check = tools.load("tools/check_metrics.py")

SOURCE = '''
    : a(scope.counter("omniroute_a_total", "A.")),
      b(scope->gauge(
          "b", "B.", {{"state", "x"}})) {
  const auto local = [&] {}; local("omniroute_c");
  constexpr std::string_view kUsed = "omniroute_used_bytes";
  stats->gauge(kUsed, kHelp);
  registry_.gauge_function(
      "omniroute_d", "D.", [] { return 1.0; });
  config.allowed = counter("allowed");
'''


class MetricsTest(unittest.TestCase):
    def test_each_way_to_make_a_metric_is_found(self):
        self.assertEqual({"omniroute_a_total": "counter", "omniroute_b": "gauge",
                          "omniroute_c": None, "omniroute_used_bytes": "gauge",
                          "omniroute_d": "gauge"}, check.metrics_of(SOURCE))

    def test_missing_lines_stale_lines_and_wrong_types_are_named(self):
        made = {"omniroute_a": ("counter", "source/a.cc"), "omniroute_b": ("gauge", "source/b.cc")}
        page = "| `omniroute_b` | counter | none | B. |\n| `omniroute_c` | gauge | none | C. |\n"
        found = check.complaints_about(made, page)
        self.assertEqual(3, len(found), found)
        self.assertIn("omniroute_a has no line", found[0])
        self.assertIn("omniroute_c is in no source", found[1])
        self.assertIn("omniroute_b is a gauge", found[2])


if __name__ == "__main__":
    unittest.main()
