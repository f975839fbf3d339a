"""What the tests of the tools share: the tree's root, a tool as a module, a small tree on disk."""
import importlib.machinery
import importlib.util
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load(path):
    """The tool at `path` (from the root of the tree) as a module; it need not end in .py."""
    name = Path(path).stem
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Tree:
    """A temporary folder with files in it: Tree({"a/b.h": "text"}). Use as a context manager."""

    def __init__(self, files=()):
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        for path, text in dict(files).items():
            self.write(path, text)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()
