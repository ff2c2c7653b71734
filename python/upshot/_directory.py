"""A private directory that goes away with the last object that holds it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

__all__ = ["Directory"]


class Directory:
    """Removed when it is no longer used, and when the interpreter ends."""

    def __init__(self) -> None:
        name = tempfile.mkdtemp(prefix="upshot-")
        self.path = Path(name)
        self._remove = weakref.finalize(self, shutil.rmtree, name, ignore_errors=True)
