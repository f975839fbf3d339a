#!/usr/bin/env python3
"""Checks that no file reaches up or sideways in the layers, and a few rules about words.

    tools/check_layers.py [ROOT]

Prints one line `FILE:LINE: reason` per breach and exits 1 when there is one. There is no list of
exceptions: a rule that hurts is changed here, in front of everybody.
"""
import re
import sys
from pathlib import Path

LAYERS = {
    "source/base": 0,
    "source/buffer": 1, "source/json": 1, "source/sse": 1, "source/catalog": 1, "source/llm": 1,
    "source/coding": 1, "source/routing": 1, "source/compress": 1, "source/tokens": 1,
    "source/limits": 1,
    "api": 2,
    "source/event": 3, "source/net": 3, "source/http": 3, "source/upstream": 3, "source/store": 3,
    "source/config": 3, "source/stats": 3, "source/log": 3,
    "filters": 4, "source/admin": 4, "source/server": 4,
    "source/exe": 5, "source/replay": 5, "source/simulate": 5,
}

# Inside one layer, who may include whom.
SIDEWAYS = {
    "source/json": {"source/buffer"},
    "source/sse": {"source/buffer"},
    "source/coding": {"source/buffer"},
    "source/llm": {"source/buffer", "source/json", "source/sse", "source/catalog"},
    "source/compress": {"source/buffer", "source/json"},
    "source/routing": {"source/catalog"},
    "source/log": {"source/event"},
    "source/net": {"source/event"},
    "source/http": {"source/event", "source/net"},
    "source/upstream": {"source/event", "source/net", "source/http", "source/stats"},
    "source/config": {"source/stats"},
    "source/store": {"source/stats"},
    "source/server": {"source/admin"},
}

# Who may include a library: pattern of the include, pattern of the files, what they are called.
LIBRARIES = [
    (r"uv\.h|uv/.*", r"source/(event|net)/", "source/event and source/net"),
    (r"(llhttp/)?llhttp\.h", r"test/support/", "test/support"),
    (r"nghttp2/.*", r"source/http/http2/", "source/http/http2"),
    (r"zlib\.h|zstd\.h|brotli/.*", r"source/coding/", "source/coding"),
    (r"lmdb\.h", r"source/store/", "source/store"),
    (r"openssl/.*", r"source/(net/tls|base/(cipher|digest))[^/]*$",
     "source/net/tls*, source/base/cipher* and source/base/digest*"),
    (r"yaml-cpp/.*", r"source/config/", "source/config"),
    (r"nlohmann/.*", r"source/admin/json[^/]*$", "source/admin/json*"),
    (r"sqlite3\.h|archive(_entry)?\.h", r"source/admin/(sqlite|archive)[^/]*$",
     "source/admin/sqlite* and source/admin/archive*"),
    (r"hnswlib/.*", r"filters/cache/index[^/]*$", "filters/cache/index*"),
    (r"hiredis/.*", r"source/remote/", "source/remote"),
    (r"re2/.*", r"source/(base|config)/", "source/base and source/config"),
    (r"spdlog/.*", r"source/log/", "source/log"),
    (r"CLI/.*", r"source/exe/", "source/exe"),
    (r"(gtest|gmock|benchmark)/.*", r"$^", "tests"),
    (r"absl/log/.*|absl/strings/(str_cat|str_format)\.h", r"$^",
     "nobody: the distribution's Abseil has a string_view of its own; use fmt"),
]
THROWING = r"(yaml-cpp|nlohmann|hnswlib|CLI)/"

# Words that only some files may use: pattern, pattern of the files, reason.
WORDS = [
    (r"std::chrono::\w+::now\b|\b(clock_gettime|gettimeofday)\s*\(|\babsl::(Now|GetCurrentTimeNanos)\b"
     r"|(?<![\w.>])time\s*\(\s*(nullptr|NULL|0|&)",
     r"source/base/system_clock\.cc$", "reads a clock; only source/base/system_clock.cc may"),
    (r"\buv_(hrtime|now|update_time)\s*\(", r"source/event/",
     "reads the loop's clock; only source/event may"),
    (r"\b(srand|rand|random|drand48|getrandom|getentropy|RAND_bytes)\s*\(|\bstd::(random_device|mt19937\w*)"
     r"|\babsl::(\w+BitGen|BitGen)\b",
     r"source/base/random\.cc$", "draws entropy; only source/base/random.cc may"),
    (r"\b(secure_)?getenv\s*\(|\bsetenv\s*\(", r"source/(exe|config)/",
     "reads the environment; only source/exe and source/config may"),
    (r"\benviron\b", r"source/(exe/|config/|server/restart\.cc$)",
     "reads the environment; only source/exe and source/config may, and a restart hands it on"),
    (r"flat_hash_(map|set)<\s*std::string\s*[,>]", r"source/base/strings\.h$",
     "hashes std::string without transparent look-up; use StringMap or StringSet"),
    (r"\bstd::sto(i|l|ll|ul|ull|f|d|ld)\s*\(", r"$^", "throws on bad input; use parse_int()"),
    (r"\b(class|struct)\s+\w+(Impl|Base|Manager|Helper|Util|Utils)\b", r"$^",
     "has a name that says nothing; name the noun"),
]
EXCEPTIONS = re.compile(r"\bthrow\b(?!\s*\(\s*\))|\bcatch\s*\(|\btry\s*\{")
TODO = re.compile(r"\b(TODO(?!\(#\d+\):)|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:<([^>]+)>|"([^"]+)")')
ROOTS = ("source/", "api/", "filters/", "test/", "generated/")


def folder_of(path):
    """The folder that a file or an include belongs to, as LAYERS names it."""
    parts = path.split("/")
    if parts[0] == "source":
        return "/".join(parts[:2])
    return parts[0]


def filter_of(path):
    """The filter's name, or None for what stands directly in filters/."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else None


def include_breach(path, target):
    """Why `path` must not include our own file `target`, or None."""
    if not target.startswith(ROOTS):
        return f'includes "{target}": write the path from the root of the tree'
    if path.startswith("test/") or target.startswith("generated/"):
        return None
    here, there = folder_of(path), folder_of(target)
    if there == "test":
        return f"includes {target}: test/ is for tests only"
    if there not in LAYERS:
        return f"includes {target}: {there} has no layer in tools/check_layers.py"
    if here == "filters" and filter_of(path) is not None:
        if there == "filters":
            same = filter_of(path) == filter_of(target)
            return None if same else f"includes {target}: a filter never sees another filter"
        if LAYERS[there] > 2:
            return f"includes {target}: a filter sees api/ and pure code only"
        return None
    if here == there or LAYERS[there] < LAYERS[here]:
        return None
    if LAYERS[there] > LAYERS[here]:
        return f"includes {target}: {here} (layer {LAYERS[here]}) must not see {there} (layer {LAYERS[there]})"
    if there in SIDEWAYS.get(here, ()):
        return None
    return f"includes {target}: {here} -> {there} is not a listed edge of layer {LAYERS[here]}"


def library_breach(path, target):
    """Why `path` must not include <target>, or None."""
    if path.startswith("test/"):
        return None
    for pattern, files, owners in LIBRARIES:
        if re.fullmatch(pattern, target):
            return None if re.match(files, path) else f"includes <{target}>: reserved for {owners}"
    if path.startswith("api/") and "/" in target and not target.startswith(("absl/", "sys/")):
        return f"includes <{target}>: no third party but Abseil appears in api/"
    return None


def without_comments(text):
    """The text with comments and the insides of literals blanked, line numbers kept."""
    pattern = re.compile(
        r'R"([^\s()\\]{0,16})\((?:.|\n)*?\)\1"'
        r'|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'')
    return pattern.sub(lambda m: '""' + "\n" * m.group(0).count("\n"), text)


def check_file(path, text):
    """Yields (line number, reason) for each breach."""
    lines = text.split("\n")
    throws = False
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            library, own = found.groups()
            throws = throws or bool(library and re.match(THROWING, library))
            reason = library_breach(path, library) if library else include_breach(path, own)
            if reason:
                yield number, reason
        if TODO.search(line):
            yield number, "names unfinished work without an issue: write TODO(#123): ..."
    if path.endswith(".h") and "#pragma once" not in text:
        yield 1, "has no #pragma once"
    if path.startswith("test/"):
        return
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        for pattern, files, reason in WORDS:
            if re.search(pattern, line) and not re.match(files, path):
                yield number, reason
        if EXCEPTIONS.search(line) and not throws:
            yield number, "handles exceptions; only files that call a throwing library do"


def check_tree(root):
    """Every breach in the tree, as lines of text, in a stable order."""
    breaches = []
    for top in ("source", "api", "filters", "test"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".cc", ".h") or "node_modules" in file.parts:
                continue
            path = file.relative_to(root).as_posix()
            for number, reason in check_file(path, file.read_text(encoding="utf-8")):
                breaches.append(f"{path}:{number}: {reason}")
    return breaches


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    breaches = check_tree(root)
    for breach in breaches:
        print(breach)
    if breaches:
        print(f"{len(breaches)} breaches of the layer rules")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
