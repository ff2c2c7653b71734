"""Builds the wheel (PEP 517) with nothing but the standard library.

The package is Python; the shared library of the build directory and that of DuckDB go beside
it. The library's own dependencies are added, renamed and checked by auditwheel (tools/wheel).
"""

from __future__ import annotations

import base64
import hashlib
import os
import sysconfig
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent


def _version() -> str:
    return (ROOT / "VERSION").read_text().split()[0]


def _metadata() -> str:
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {_version()}",
        f"Summary: {project['description']}",
        f"License: {project['license']['text']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Classifier: {c}" for c in project["classifiers"]),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + (HERE / project["readme"]).read_text()


def _libraries() -> dict[str, Path]:
    build = Path(os.environ.get("UPSHOT_BUILD", ROOT / "build" / "release"))
    duckdb = Path(os.environ.get("UPSHOT_DUCKDB", ROOT / ".deps" / "duckdb" / "libduckdb.so"))
    found = {"libupshot.so": build / "libupshot.so", "libduckdb.so": duckdb}
    for path in found.values():
        if not path.exists():
            raise FileNotFoundError(f"{path} is not built; run tools/wheel")
    return found


def _record(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = f"py3-none-{platform}"
    info = f"upshot-{_version()}.dist-info"
    files = {
        f"upshot/{path.name}": path.read_bytes()
        for path in sorted((HERE / "upshot").iterdir())
        if path.suffix == ".py" or path.name == "py.typed"
    }
    files |= {f"upshot/_lib/{name}": path.read_bytes() for name, path in _libraries().items()}
    files[f"{info}/METADATA"] = _metadata().encode()
    files[f"{info}/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: upshot\nRoot-Is-Purelib: false\nTag: {tag}\n"
    ).encode()
    record = [_record(name, content) for name, content in files.items()]
    files[f"{info}/RECORD"] = ("\n".join([*record, f"{info}/RECORD,,"]) + "\n").encode()
    name = f"upshot-{_version()}-{tag}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path)  # the same bytes on any day
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.endswith(".so") else 0o644) << 16
            wheel.writestr(entry, content)
    return name
