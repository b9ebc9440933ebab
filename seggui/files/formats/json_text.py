"""JSON from other programs, read with suspicion.

Cut-off files, wrong encodings, doubled keys, endless numbers and nesting all become
one sentence that names the file.
"""

from __future__ import annotations

import codecs
import json
import math
import stat
from collections.abc import Mapping
from pathlib import Path

from seggui.errors import Unreadable

LARGEST_BYTES = 2 << 30


def json_file(text: str) -> bytes:
    """The file of a JSON text; what is no character, as in odd names, is escaped."""
    return text.encode("utf-8", "backslashreplace")


def read_json(path: Path) -> object:
    """Return the value in a JSON file; raises ``Unreadable``."""
    try:
        known = path.stat()
        size = known.st_size
        if not (stat.S_ISREG(known.st_mode) or stat.S_ISDIR(known.st_mode)):
            # A device may never come to an end.
            raise Unreadable(path, "it is not a regular file")
        if size > LARGEST_BYTES:
            raise Unreadable(path, f"it is {size:,} bytes, far over what fits memory")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(path, error.strerror or str(error)) from error
    try:
        return json.loads(_text_of(path, data), object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(path, f"the JSON breaks off or is wrong at {where}") from error
    except RecursionError as error:
        raise Unreadable(path, "the JSON is nested too deep") from error
    except ValueError as error:
        raise Unreadable(path, f"the JSON holds what it must not: {error}") from error


def _text_of(path: Path, data: bytes) -> str:
    encoding = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            path,
            f"byte {error.start:,} does not belong in {encoding.upper()} text; "
            "choose a JSON file, or save it as UTF-8",
        ) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {doubled!r} is given twice")
    return found


def whole_number(value: object) -> int | None:
    """The value as an int where it is one; no bool, text, fraction, NaN or infinity."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return None


def list_in(value: object, key: str) -> list[object]:
    """The list under a key of a JSON object; empty where there is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def text_in(value: object, key: str) -> str:
    """The text under a key, without control characters and at most 200 characters."""
    found = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(found, str):
        return ""
    return "".join(c for c in found if c.isprintable()).strip()[:200]
