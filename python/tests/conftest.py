"""The simulated shop, made once, and the program to compare with."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import upshot as up

Program = Callable[..., str]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "shop.parquet"
    up.simulate("shop", str(path), units=4000, seed=7)
    return path


@pytest.fixture(scope="session")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "panel.parquet"
    up.simulate("shop", str(path), units=1500, weeks=4, seed=3)
    return path


@pytest.fixture(scope="session")
def program() -> Program:
    """Runs the upshot program; gives what it printed."""
    name = os.environ.get("UPSHOT_PROGRAM")
    if name is None:
        pytest.skip("UPSHOT_PROGRAM does not name the program")

    def run(*arguments: str) -> str:
        done = subprocess.run([name, *arguments], capture_output=True, check=False)
        return done.stdout.decode()

    return run


@pytest.fixture
def table(shop: Path) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(shop)


def rows_of(text: str) -> Any:
    return json.loads(text)["rows"]
