"""The notebook beside the README, from the first cell to the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "README.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    book = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    where = {"metadata": {"path": str(tmp_path_factory.mktemp("book"))}}
    NotebookClient(book, timeout=120, kernel_name="python3", resources=where).execute()
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_notebook_runs(cells: list[Any]) -> None:
    for cell in cells:
        assert len(cell.outputs) == 1, cell.source
        kind = cell.outputs[0].output_type
        assert kind == "execute_result" or cell.outputs[0].get("name") == "stdout", cell.source


def test_notebook_shows(cells: list[Any]) -> None:
    for cell in cells:
        shown = cell.outputs[0].get("data", {})
        if cell.source.endswith(".plot()"):
            spec = shown["application/vnd.vegalite.v5+json"]
            assert spec["data"]["values"]
            assert spec["description"].count(".") >= 2
        elif cell.outputs[0].output_type == "execute_result":
            assert "text/html" in shown or "Decision" in shown["text/plain"]


def test_notebook_is_kept_without_outputs() -> None:
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
