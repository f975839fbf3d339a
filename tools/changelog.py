#!/usr/bin/env python3
"""Gathers the fragments of docs/changelog.d into CHANGELOG.md.

    tools/changelog.py VERSION [DATE]   writes the section of a release and removes its fragments
    tools/changelog.py --show           prints what the next release will say
    tools/changelog.py --check          refuses fragments with a wrong name or no text

A fragment is `<id>.<kind>.md`: the id names the change (letters, digits, `-`, `_`), the kind is
change, feature, fix, removal or security, the text is one entry.
"""
import datetime
import re
import sys
from pathlib import Path

# In the order a reader wants them.
HEADINGS = {"security": "Security", "removal": "Removed", "change": "Changed", "feature": "Added",
            "fix": "Fixed"}
NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)\.(%s)\.md" % "|".join(HEADINGS))


def fragments_of(folder):
    """([(kind, id, text)], [complaint]) of a folder of fragments."""
    entries, complaints = [], []
    for file in sorted(folder.glob("*")):
        if file.name in ("README.md", ".gitkeep"):
            continue
        match = NAME.fullmatch(file.name)
        text = file.read_text(encoding="utf-8").strip()
        if not match:
            complaints.append(f"{file}: not <id>.<kind>.md with kind one of {', '.join(HEADINGS)}")
        elif not text:
            complaints.append(f"{file}: says nothing")
        else:
            entries.append((match[2], match[1], text))
    return entries, complaints


def section_of(entries, title):
    """The Markdown section for these entries."""
    lines = [f"## {title}", ""]
    for kind, heading in HEADINGS.items():
        texts = [text for entry_kind, _, text in entries if entry_kind == kind]
        if texts:
            lines += [f"### {heading}", ""]
            lines += ["- " + re.sub(r"\n(?=.)", "\n  ", text.removeprefix("- ")) for text in texts]
            lines.append("")
    return "\n".join(lines)


def insert(changelog, section):
    """The changelog with `section` before the newest release."""
    at = changelog.find("\n## ")
    if at < 0:
        return changelog.rstrip("\n") + "\n\n" + section
    return changelog[:at + 1] + section + "\n" + changelog[at + 1:]


def main(arguments, root):
    folder, changelog = root / "docs/changelog.d", root / "CHANGELOG.md"
    entries, complaints = fragments_of(folder)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if complaints:
        return 1
    if arguments == ["--check"]:
        return 0
    if arguments == ["--show"]:
        print(section_of(entries, "Next"))
        return 0
    if not 1 <= len(arguments) <= 2 or not re.fullmatch(r"\d+\.\d+\.\d+", arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    if not entries:
        print("docs/changelog.d is empty: nothing to release", file=sys.stderr)
        return 1
    date = arguments[1] if len(arguments) == 2 else datetime.date.today().isoformat()
    section = section_of(entries, f"{arguments[0]} - {date}")
    changelog.write_text(insert(changelog.read_text(encoding="utf-8"), section), encoding="utf-8")
    for kind, name, _ in entries:
        (folder / f"{name}.{kind}.md").unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
