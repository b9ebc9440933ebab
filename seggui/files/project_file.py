"""``seggui.json``: the classes of a project and settings that belong to its data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seggui.core.classes import Classes, Rgb, SegClass, colour_number
from seggui.errors import BadRequest, Unreadable
from seggui.files.annotations import Json, Newer, newer_words, parsed_json

NAME = "seggui.json"
FORMAT = 1

_FIELDS = ("format", "classes", "settings")
_CLASS_FIELDS = ("id", "name", "colour", "thing")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, eq=False)
class ProjectFile:
    """What ``seggui.json`` says; unknown fields are kept in ``extra``."""

    classes: Classes = field(default_factory=Classes)
    settings: Mapping[str, object] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)


def read_project_file(path: Path) -> ProjectFile:
    """Read it; without a file, everything is empty.

    Raises ``Newer`` and ``Unreadable``.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ProjectFile()
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
    content = parsed_json(data, path)
    version = content.get("format")
    if not isinstance(version, int) or version < 1:
        raise Unreadable(path, "it is damaged (it has no format number)")
    if version > FORMAT:
        raise Newer(path, newer_words(version, FORMAT))
    settings = content.get("settings", {})
    rows = content.get("classes", [])
    if not isinstance(settings, dict) or not isinstance(rows, list):
        raise Unreadable(path, "it is damaged (its settings or classes make no sense)")
    try:
        classes = Classes(tuple(_class(row, i) for i, row in enumerate(rows)))
    except (BadRequest, TypeError) as error:
        why = str(error).removesuffix(".")
        reason = f"it is damaged (its classes make no sense: {why})"
        raise Unreadable(path, reason) from error
    extra = {key: value for key, value in content.items() if key not in _FIELDS}
    return ProjectFile(classes, settings, extra)


def project_file_bytes(content: ProjectFile) -> bytes:
    """Return the file: one class per line."""
    head = {"format": FORMAT, "settings": dict(content.settings)}
    for key, value in content.extra.items():
        head.setdefault(key, value)
    lines = [f" {_dumped(key)}: {_dumped(value)}" for key, value in head.items()]
    rows = ",\n".join(f"  {_dumped(_class_json(row))}" for row in content.classes)
    body = f"[\n{rows}\n ]" if rows else "[]"
    text = "{\n" + ",\n".join([*lines, f' "classes": {body}']) + "\n}\n"
    return text.encode("utf-8", "surrogatepass")


def _class(row: Json, index: int) -> SegClass:
    if not isinstance(row, dict):
        raise TypeError(f"class {index + 1} is no JSON object")
    class_id, name = row.get("id"), row.get("name")
    if type(class_id) is not int or not isinstance(name, str):
        raise TypeError(f"class {index + 1} has no id or name")
    extra = {key: value for key, value in row.items() if key not in _CLASS_FIELDS}
    colour = _rgb(row.get("colour"), index)
    return SegClass(class_id, name, colour, bool(row.get("thing", True)), extra)


def _rgb(value: object, index: int) -> Rgb:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        return colour_number(index)
    number = int(value[1:], 16)
    return number >> 16, number >> 8 & 255, number & 255


def _class_json(row: SegClass) -> Json:
    known = {
        "id": row.id,
        "name": row.name,
        "colour": "#{:02x}{:02x}{:02x}".format(*row.colour),
        "thing": row.thing,
    }
    return {**known, **_unknown(row)}


def _unknown(row: SegClass) -> Json:
    return {key: value for key, value in row.extra.items() if key not in _CLASS_FIELDS}


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
