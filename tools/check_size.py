#!/usr/bin/env python3
"""Checks that files stay small enough to be read in one sitting.

    tools/check_size.py [ROOT]

No file over 700 lines, no header over 250; over all files a median of at most 150 and a 90th
percentile of at most 400. Exits 1 and says which budget is broken, and by whom.
"""
import sys
from pathlib import Path

MAX_FILE, MAX_HEADER, MAX_MEDIAN, MAX_P90 = 700, 250, 150, 400


def percentile(sizes, share):
    """The smallest size that at least `share` of the files do not exceed."""
    ordered = sorted(sizes)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def breaches_of(files):
    """Reasons, given a list of (path, lines)."""
    reasons = []
    for path, lines in files:
        limit = MAX_HEADER if path.endswith(".h") else MAX_FILE
        if lines > limit:
            reasons.append(f"{path}:{limit + 1}: {lines} lines, {limit} at most")
    sizes = [lines for _, lines in files]
    for name, share, limit in (("median", 50, MAX_MEDIAN), ("90th percentile", 90, MAX_P90)):
        value = percentile(sizes, share) if sizes else 0
        if value > limit:
            reasons.append(f"the {name} of {len(sizes)} files is {value} lines, {limit} at most")
    return reasons


def files_of(root):
    """(path, lines) of each C++ file, sorted by path."""
    found = []
    for top in ("source", "api", "filters", "test"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix in (".cc", ".h") and "node_modules" not in file.parts:
                lines = len(file.read_text(encoding="utf-8").splitlines())
                found.append((file.relative_to(root).as_posix(), lines))
    return found


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    files = files_of(root)
    reasons = breaches_of(files)
    for reason in reasons:
        print(reason)
    sizes = [lines for _, lines in files]
    if sizes:
        print(f"{len(sizes)} files, median {percentile(sizes, 50)}, "
              f"90th percentile {percentile(sizes, 90)}, largest {max(sizes)} lines")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
