"""Documents as JSON files: one segment per line, every mask checked when read."""

from __future__ import annotations

import json
import math
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seggui.core import rle
from seggui.core.classes import LARGEST_CLASS_ID
from seggui.core.document import Document, ImageFacts
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.errors import InvalidMask, Unreadable

FORMAT = 1

Json = dict[str, Any]

_IMAGE_FIELDS = ("name", "width", "height", "digest", "orientation")
_DOCUMENT_FIELDS = ("format", "image", "state", "count", "segments")
_SEGMENT_FIELDS = (
    "id", "class", "order", "name", "status", "locked", "bbox", "area", "source", "rle",
)  # fmt: skip
_SOURCE_FIELDS = ("tool", "model", "prompts", "seconds", "score", "created")

# The text of a mask is made once: a save after a gesture encodes what changed.
_texts: weakref.WeakKeyDictionary[Mask, str] = weakref.WeakKeyDictionary()


class Newer(Unreadable):
    """A file of a format that a later version of seggui writes."""


class _Wrong(Exception):
    """What is wrong at which place of a file."""


def document_bytes(document: Document) -> bytes:
    """Return the file of a document; the same document gives the same bytes."""
    facts = document.image
    head: Json = {
        "format": FORMAT,
        "image": {
            "name": facts.name,
            "width": facts.width,
            "height": facts.height,
            "digest": facts.digest,
            "orientation": facts.orientation,
            **_rest(_mapping(document.extra.get("image")), _IMAGE_FIELDS),
        },
        "state": document.state,
        "count": len(document.segments),
        **_rest(document.extra, _DOCUMENT_FIELDS),
    }
    lines = [f" {_dumped(key)}: {_dumped(value)}" for key, value in head.items()]
    rows = [
        f"  {_dumped(segment_json(segment, order))}"
        for order, segment in enumerate(document.segments)
    ]
    body = "[\n" + ",\n".join(rows) + "\n ]" if rows else "[]"
    text = "{\n" + ",\n".join([*lines, f' "segments": {body}']) + "\n}\n"
    # A lone surrogate in a name survives; JSON readers take it back the same way.
    return text.encode("utf-8", "surrogatepass")


def segment_json(segment: Segment, order: int) -> Json:
    """The fields of a segment in the order they are written."""
    box = segment.mask.bbox
    return {
        **bare_json(segment),
        "order": order,
        "bbox": [box.x0, box.y0, box.width, box.height],
        "area": segment.mask.area,
        "rle": mask_text(segment.mask),
    }


def bare_json(segment: Segment) -> Json:
    """The fields of a segment without its pixels."""
    extra, source = segment.extra, segment.source
    return {
        "id": segment.id,
        "class": segment.class_id,
        "name": segment.name,
        "status": segment.status,
        "locked": segment.locked,
        "source": {
            "tool": source.tool,
            "model": source.model,
            "prompts": [dict(prompt) for prompt in source.prompts],
            "seconds": source.seconds,
            "score": source.score,
            "created": source.created,
            **_rest(_mapping(extra.get("source")), _SOURCE_FIELDS),
        },
        # Extra fields are those of unknown names; no known field can be overridden.
        **_rest(extra, _SEGMENT_FIELDS),
    }


def mask_text(mask: Mask) -> str:
    """COCO's compressed run lengths of a mask."""
    text = _texts.get(mask)
    if text is None:
        text = _texts[mask] = rle.rle_of(mask)
    return text


def parse_document(data: bytes, path: Path | str) -> Document:
    """Return the document in the bytes of an annotation file.

    Raises ``Newer`` for a later format and ``Unreadable`` for anything damaged; both
    name the place.
    """
    content = parsed_json(data, path)
    version = content.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise Newer(path, newer_words(version, FORMAT))
    try:
        return _document(content)
    except (_Wrong, InvalidMask) as error:
        raise Unreadable(path, f"it is damaged: {error}") from error


def parse_newer(data: bytes, path: Path | str) -> Document | None:
    """What can be shown of a file of a later format; None when nothing can."""
    try:
        return _document(parsed_json(data, path))
    except (_Wrong, InvalidMask, Unreadable):
        return None


def parsed_json(data: bytes, path: Path | str) -> Json:
    """Return the JSON object in those bytes; raises ``Unreadable`` with the place."""
    try:
        content = json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, character {error.colno}"
        reason = f"it is damaged or cut off at {place} ({error.msg})"
        raise Unreadable(path, reason if data.strip() else "it is empty") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, f"it is damaged ({error})") from error
    if not isinstance(content, dict):
        raise Unreadable(path, "it is damaged (there is no JSON object in it)")
    return content


def newer_words(found: int, known: int) -> str:
    return (
        f"it was written by a newer version of seggui (format {found}, this version "
        f"knows up to {known})"
    )


def segment_of(content: Json, mask: Mask) -> Segment:
    """Return the segment of those fields with that mask; raises ``ValueError``."""
    try:
        return _segment(content, mask)
    except _Wrong as error:
        raise ValueError(str(error)) from error


def _document(content: Json) -> Document:
    if content.get("format") not in range(1, 10**6):
        raise _Wrong("it has no format number")
    image = _field(content, "image", dict, "the file")
    facts = ImageFacts(
        name=_field(image, "name", str, "the image"),
        width=_count(image, "width", "the image", 1),
        height=_count(image, "height", "the image", 1),
        digest=_field(image, "digest", str, "the image"),
        orientation=_count(image, "orientation", "the image", 1, 8, default=1),
    )
    state = content.get("state", "open")
    if state not in ("open", "done"):
        raise _Wrong(f"the state {state!r} is unknown")
    rows = _field(content, "segments", list, "the file")
    segments = [_placed(row, index, facts) for index, row in enumerate(rows)]
    segments.sort(key=lambda pair: pair[0])
    seen: set[str] = set()
    for _, segment in segments:
        if segment.id in seen:
            raise _Wrong(f"two segments have the id {segment.id!r}")
        seen.add(segment.id)
    extra = _rest(content, _DOCUMENT_FIELDS)
    if further := _rest(image, _IMAGE_FIELDS):
        extra["image"] = further
    return Document(facts, tuple(s for _, s in segments), state, extra)


def _placed(row: object, index: int, facts: ImageFacts) -> tuple[int, Segment]:
    where = f"segment {index + 1}"
    if not isinstance(row, dict):
        raise _Wrong(f"{where} is no JSON object")
    text = _field(row, "rle", str, where)
    try:
        mask = rle.mask_of_rle(text, facts.height, facts.width)
    except InvalidMask as error:
        raise _Wrong(f"{where}: {error}") from error
    # Kept as read, so that saving again does not encode it again.
    _texts[mask] = text
    order = _count(row, "order", where, default=index)
    return order, _segment(row, mask, where)


def _segment(row: Json, mask: Mask, where: str = "a segment") -> Segment:
    source = _field(row, "source", dict, where, {})
    extra = _rest(row, _SEGMENT_FIELDS)
    if further := _rest(source, _SOURCE_FIELDS):
        extra["source"] = further
    status = row.get("status", "accepted")
    if status not in ("accepted", "candidate"):
        raise _Wrong(f"{where} has the unknown status {status!r}")
    segment_id = _field(row, "id", str, where)
    if not segment_id:
        raise _Wrong(f"{where} has an empty id")
    return Segment(
        mask=mask,
        class_id=_count(row, "class", where, 0, LARGEST_CLASS_ID),
        source=_source(source, where),
        id=segment_id,
        name=_field(row, "name", str, where, ""),
        status=status,
        locked=_field(row, "locked", bool, where, False),
        extra=extra,
    )


def _source(row: Json, where: str) -> Source:
    prompts = _field(row, "prompts", list, where, [])
    if not all(isinstance(prompt, dict) for prompt in prompts):
        raise _Wrong(f"{where} has prompts that are no JSON objects")
    score = row.get("score")
    return Source(
        tool=_field(row, "tool", str, where, ""),
        model=_field(row, "model", str, where, ""),
        prompts=tuple(prompts),
        seconds=_number(row.get("seconds", 0.0), "seconds", where),
        score=None if score is None else _number(score, "score", where),
        created=_field(row, "created", str, where, ""),
    )


def _field(row: Json, key: str, kind: type, where: str, default: object = None) -> Any:  # noqa: ANN401 - of the kind that was asked for
    value = row.get(key, default)
    if not isinstance(value, kind):
        have = "is missing" if key not in row else "is of a wrong kind"
        raise _Wrong(f"{where}: the field {key!r} {have}")
    return value


def _count(
    row: Json,
    key: str,
    where: str,
    smallest: int = 0,
    largest: int = 2**31,
    default: int | None = None,
) -> int:
    """A whole number between two others, both allowed."""
    value = row.get(key, default)
    if type(value) is not int or not smallest <= value <= largest:
        have = "is missing" if key not in row else f"cannot be {str(value)[:40]}"
        raise _Wrong(f"{where}: the field {key!r} {have}")
    return value


def _number(value: object, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(f"{where}: the field {key!r} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Wrong(f"{where}: the field {key!r} is too large")
    return number


def _rest(row: Mapping[str, object], known: tuple[str, ...]) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in known}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # nothing could write it again
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")
