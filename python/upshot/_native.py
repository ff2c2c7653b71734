"""The C library: where it is found, its structs, and the functions this package uses.

Nothing here computes. Layouts are those of ``include/upshot/*.h``; structs with a
``struct_size`` carry their version, the others are checked when the library is loaded.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any

__all__ = [
    "ArrowArrayStream",
    "UpArgument",
    "UpChartOpts",
    "UpColumn",
    "UpError",
    "UpNamedSource",
    "UpOption",
    "UpPolicyDecision",
    "UpPolicyInfo",
    "UpPolicyInputInfo",
    "UpRun",
    "UpVerb",
    "UpWatch",
    "lib",
]


class UpError(Structure):
    _fields_ = [
        ("status", c_int),
        ("field", c_char * 64),
        ("message", c_char * 512),
        ("fix", c_char * 256),
    ]


class UpNamedSource(Structure):
    _fields_ = [("name", c_char_p), ("source", c_void_p), ("path", c_char_p)]


class UpRun(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("threads", c_int64),
        ("seed", c_uint64),
        ("memory_limit_bytes", c_int64),
        ("spill_directory", c_char_p),
        ("progress", c_void_p),
        ("should_stop", c_void_p),
        ("user", c_void_p),
        ("sources", POINTER(UpNamedSource)),
        ("n_sources", c_int64),
    ]


class UpWatch(Structure):
    _fields_ = [("stop", c_int64), ("fraction", c_double)]


class UpArgument(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class UpOption(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("type", c_int64),
        ("value", c_char_p),
        ("fallback", c_char_p),
        ("choices", c_char_p),
        ("min", c_double),
        ("max", c_double),
        ("required", c_int64),
        ("positional", c_int64),
        ("commas", c_int64),
        ("group", c_char_p),
        ("doc", c_char_p),
        ("example", c_char_p),
    ]


class UpVerb(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("summary", c_char_p),
        ("doc", c_char_p),
        ("options", POINTER(UpOption)),
        ("result", c_void_p),
        ("refusals", POINTER(c_char_p)),
        ("examples", POINTER(c_char_p)),
        ("stream", c_char_p),
    ]


class UpColumn(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("f64", c_void_p),
        ("i64", c_void_p),
        ("text", c_void_p),
        ("boolean", c_void_p),
        ("missing", c_void_p),
    ]


class ArrowArrayStream(Structure):
    _fields_ = [
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


class UpChartOpts(Structure):
    _fields_ = [("struct_size", c_size_t), ("scale", c_int64), ("width", c_int64)]


class UpPolicyDecision(Structure):
    _fields_ = [("arm", c_int64), ("propensity", c_double), ("base", c_int64)]


class UpPolicyInputInfo(Structure):
    _fields_ = [("name", c_char_p), ("n_levels", c_int64), ("missing", c_int64)]


class UpPolicyInfo(Structure):
    _fields_ = [
        ("algorithm", c_int64),
        ("algorithm_name", c_char_p),
        ("floor", c_double),
        ("metric", c_char_p),
        ("minimize", c_int64),
        ("estimand", c_char_p),
        ("salt", c_char_p),
        ("unknown", c_int64),
        ("fingerprint", c_uint64),
        ("rows", c_int64),
    ]


_ERR = POINTER(UpError)
_ARGS = POINTER(UpArgument)
_DOUBLES = POINTER(c_double)

# name: (what it gives, what it takes)
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "up_version": (c_char_p, []),
    "up_status_name": (c_char_p, [c_int]),
    "up_status_exit_code": (c_int, [c_int]),
    "up_call": (
        c_int,
        [c_char_p, _ARGS, c_int64, POINTER(UpRun), POINTER(c_void_p), _ERR],
    ),
    "up_catalog_verb": (POINTER(UpVerb), [c_int64]),
    "up_catalog_find": (POINTER(UpVerb), [c_char_p]),
    "up_catalog_help": (c_int, [c_char_p, c_int, POINTER(c_void_p), _ERR]),
    "up_text_free": (None, [c_void_p]),
    "up_error_json": (c_int, [c_char_p, _ERR, POINTER(c_void_p), _ERR]),
    "up_result_json": (c_char_p, [c_void_p, c_int]),
    "up_result_csv": (c_char_p, [c_void_p]),
    "up_result_text": (c_char_p, [c_void_p, c_int, c_int, c_int]),
    "up_result_arrow": (c_int, [c_void_p, POINTER(ArrowArrayStream), _ERR]),
    "up_result_chart_kind": (c_char_p, [c_void_p, c_int64]),
    "up_result_chart": (
        c_int,
        [c_void_p, c_char_p, POINTER(UpChartOpts), POINTER(c_void_p), _ERR],
    ),
    "up_result_free": (None, [c_void_p]),
    "up_source_from_arrow": (c_int, [c_void_p, POINTER(c_void_p), _ERR]),
    "up_source_from_columns_borrow": (
        c_int,
        [POINTER(UpColumn), c_int64, c_int64, POINTER(c_void_p), _ERR],
    ),
    "up_source_free": (None, [c_void_p]),
    "up_policy_load": (c_int, [c_char_p, POINTER(c_void_p), _ERR]),
    "up_policy_json": (c_int, [c_void_p, POINTER(c_void_p), _ERR]),
    "up_policy_save": (c_int, [c_void_p, c_char_p, _ERR]),
    "up_policy_arms": (c_int64, [c_void_p]),
    "up_policy_arm": (c_char_p, [c_void_p, c_int64]),
    "up_policy_inputs": (c_int64, [c_void_p]),
    "up_policy_input": (UpPolicyInputInfo, [c_void_p, c_int64]),
    "up_policy_level": (c_int64, [c_void_p, c_int64, c_char_p]),
    "up_policy_effect": (c_double, [c_void_p, _DOUBLES, c_int64, _DOUBLES]),
    "up_policy_decide_many": (
        c_int,
        [
            c_void_p,
            c_int64,
            _DOUBLES,
            POINTER(c_char_p),
            POINTER(UpPolicyDecision),
            _DOUBLES,
            _ERR,
        ],
    ),
    "up_policy_probabilities": (
        c_int,
        [c_void_p, _DOUBLES, _DOUBLES, POINTER(c_int64), _ERR],
    ),
    "up_policy_describe": (UpPolicyInfo, [c_void_p]),
    "up_policy_free": (None, [c_void_p]),
}


def _candidates() -> list[str]:
    """Where the library may be: as told, inside the wheel, on the system."""
    told = os.environ.get("UPSHOT_LIBRARY")
    if told:
        return [told]
    inside = Path(__file__).parent / "_lib" / "libupshot.so"
    found = [str(inside)] if inside.exists() else []
    system = ctypes.util.find_library("upshot")
    return found + ([system] if system else [])


def _declare(library: ctypes.CDLL) -> None:
    for name, (gives, takes) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = gives
        function.argtypes = takes


def _check(library: ctypes.CDLL, path: str) -> None:
    """A call whose answer is known shows that the structs are laid out as declared here."""
    error = UpError()
    result = c_void_p()
    verb = library.up_catalog_find(b"effect")
    status = library.up_call(b"", None, 0, None, ctypes.byref(result), ctypes.byref(error))
    sound = (
        bool(verb)
        and verb.contents.name == b"effect"
        and verb.contents.options[0].name == b"source"
        and verb.contents.options[0].positional == 1
        and status == error.status != 0
        and len(error.message) > 0
        and result.value is None
    )
    if not sound:
        raise ImportError(f"{path} is not the upshot library that this package was made for")


def _load() -> ctypes.CDLL:
    tried = _candidates()
    reasons: list[str] = []
    for path in tried:
        try:
            # CDLL releases the interpreter's lock during every call; RTLD_LOCAL, its
            # default, keeps our BLAS apart from that of numpy.
            library = ctypes.CDLL(path)
            _declare(library)
        except (OSError, AttributeError) as problem:
            reasons.append(str(problem))
            continue
        _check(library, path)
        return library
    raise ImportError(
        "the upshot library is not found"
        + (": " + "; ".join(reasons) if reasons else "")
        + "; install the wheel, or set UPSHOT_LIBRARY to the path of libupshot.so"
    )


lib = _load()
should_stop_pointer: int | None = ctypes.cast(lib.up_watch_should_stop, c_void_p).value
progress_pointer: int | None = ctypes.cast(lib.up_watch_progress, c_void_p).value
