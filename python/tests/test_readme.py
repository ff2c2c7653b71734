"""What the README of the package and its page in the documentation show runs as printed."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = {"python/README.md": 6, "docs/python.md": 3}


@pytest.mark.parametrize("page", PAGES)
def test_blocks_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert len(blocks) >= PAGES[page]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for block in blocks:
            exec(compile(block, page, "exec"), names)
    if page == "python/README.md":
        shown = capsys.readouterr().out
        assert "E_CONDITION" in shown and "sales: diverse against control" in shown
        assert (tmp_path / "policy.json").exists()
