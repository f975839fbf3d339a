#!/usr/bin/env python3
"""Checks that docs/metrics.md has one line for each metric that the sources make, and no other.

    tools/check_metrics.py [ROOT]

A metric is made by counter(, gauge(, histogram( or gauge_function( in source/ and filters/. Its
line on the page is a table row `| name | type | labels | meaning |`. Exits 1 and names what is missing,
what is gone and whose type differs.
"""
import re
import sys
from pathlib import Path

PREFIX = "omniroute_"
CALL = re.compile(r"(?:\.|->)(counter|gauge|histogram|gauge_function)\("
                  r"\s*([A-Za-z_]\w*|\"[^\"]+\")\s*[,)]")
CONSTANT = re.compile(r"\bstring_view\s+(k\w+)\s*=\s*\"([^\"]+)\"")
# A registry writes this one itself, without a call.
LITERAL = re.compile(r"\"(omniroute_[a-z0-9_]*[a-z0-9])\"")
ROW = re.compile(r"^\|\s*`(omniroute_\w+)`\s*\|\s*(\w+)\s*\|", re.MULTILINE)
KINDS = {"gauge_function": "gauge"}


def metrics_of(text):
    """{full name: type, or None where the source does not show it} of one file."""
    constants = dict(CONSTANT.findall(text))
    found = {}
    for kind, argument in CALL.findall(text):
        name = argument.strip('"') if argument.startswith('"') else constants.get(argument)
        if name is not None:
            full = name if name.startswith(PREFIX) else PREFIX + name
            found[full] = KINDS.get(kind, kind)
    for name in LITERAL.findall(text):
        found.setdefault(name, None)
    return found


def metrics_in(root):
    """{full name: (type or None, file)} of the whole tree."""
    found = {}
    for top in ("source", "filters"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".cc", ".h"):
                continue
            for name, kind in metrics_of(file.read_text(encoding="utf-8")).items():
                if name not in found or found[name][0] is None:
                    found[name] = (kind, file.relative_to(root).as_posix())
    return found


def complaints_about(made, page):
    """What is wrong with the page, given {name: (type, file)} and its text."""
    rows = ROW.findall(page)
    described = dict(rows)
    complaints = [f"{file}: {name} has no line in docs/metrics.md"
                  for name, (_, file) in sorted(made.items()) if name not in described]
    complaints += [f"docs/metrics.md: {name} is in no source" for name in described
                   if name not in made]
    names = [name for name, _ in rows]
    complaints += [f"docs/metrics.md: {name} has {names.count(name)} lines"
                   for name in sorted(set(names)) if names.count(name) > 1]
    for name, (kind, file) in sorted(made.items()):
        if kind is not None and described.get(name, kind) != kind:
            complaints.append(f"docs/metrics.md: {name} is a {kind} in {file}, "
                              f"a {described[name]} on the page")
    return complaints


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    made = metrics_in(root)
    complaints = complaints_about(made, (root / "docs/metrics.md").read_text(encoding="utf-8"))
    if not made:
        complaints.append("no metric was found in source/ and filters/")
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
