"""What the package shows: every public name is documented, typed, and all of what is declared."""

from __future__ import annotations

import inspect
import sys
import types
from importlib.resources import files

import pytest

import upshot as up
from upshot import _native, _progress


def test_every_public_name_has_a_docstring() -> None:
    for name in up.__all__:
        thing = getattr(up, name)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        assert inspect.getdoc(thing), name
        for member, value in vars(thing).items() if inspect.isclass(thing) else ():
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_typed() -> None:
    assert (files("upshot") / "py.typed").is_file()
    assert not [p for p in files("upshot").iterdir() if p.name.endswith(".pyi")]


def test_every_declared_function_is_used() -> None:
    sources = [p.read_text() for p in files("upshot").iterdir() if p.name.endswith(".py")]
    for name in _native._FUNCTIONS:
        assert sum(text.count(f"lib.{name}") + text.count(f"library.{name}") for text in sources), name


def test_another_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSHOT_LIBRARY", "/nowhere/libupshot.so")
    with pytest.raises(ImportError, match="UPSHOT_LIBRARY"):
        _native._load()
    monkeypatch.setenv("UPSHOT_LIBRARY", "libc.so.6")
    with pytest.raises(ImportError, match="up_"):
        _native._load()


class _Handle:
    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def update(self, content: dict[str, str], raw: bool) -> None:
        self.shown.append(content)


def test_progress_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake shell with a kernel: one display that is updated, and emptied at the end."""
    handle = _Handle()

    def display(content: dict[str, str], raw: bool, display_id: bool) -> _Handle:
        handle.shown.append(content)
        return handle

    shell = types.ModuleType("IPython")
    shell.get_ipython = lambda: types.SimpleNamespace(kernel=1)  # type: ignore[attr-defined]
    module = types.ModuleType("IPython.display")
    module.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(_progress, "_AFTER", 0.0)
    with _progress.make("effect", None) as bar:
        bar.show(0.25)
        bar.show(0.5)
    texts = [content["text/plain"] for content in handle.shown]
    assert texts == [
        "upshot effect  [#####...............]  25%",
        "upshot effect  [##########..........]  50%",
        "",
    ]
    assert type(_progress.make("effect", False)) is _progress.Silent
