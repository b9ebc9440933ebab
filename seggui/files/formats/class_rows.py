"""Classes as plain JSON rows, out and in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from seggui.core.classes import Classes, Rgb, SegClass, colour_number
from seggui.files.formats.json_text import text_in, whole_number
from seggui.files.formats.values import FoundClass


def used_rows(classes: Classes, used: Iterable[int]) -> tuple[SegClass, ...]:
    """All classes, and rows for ids that segments have and no class does."""
    missing = sorted(set(used) - {row.id for row in classes})
    names = {row.name for row in classes}
    rows = list(classes)
    for number in missing:
        name = f"class_{number}"
        while name in names:
            name += "_"
        names.add(name)
        rows.append(SegClass(number, name, colour_number(len(rows))))
    return tuple(rows)


def colour_of(value: object) -> Rgb | None:
    """Three numbers of 0 to 255, or None."""
    if not isinstance(value, list) or len(value) != 3:
        return None
    parts = [whole_number(part) for part in value]
    if any(part is None or not 0 <= part <= 255 for part in parts):
        return None
    red, green, blue = (part or 0 for part in parts)
    return (red, green, blue)


def found_classes(
    described: Mapping[int, FoundClass], used: Iterable[int]
) -> tuple[FoundClass, ...]:
    """Join what a source says of its classes with how often each is used."""
    counts = Counter(used)
    ids = sorted({*described, *counts})
    return tuple(
        FoundClass(
            number,
            described[number].name if number in described else "",
            described[number].colour if number in described else None,
            described[number].thing if number in described else True,
            counts[number],
        )
        for number in ids
    )


def class_json(row: SegClass) -> dict[str, object]:
    """A class as the export's own file remembers it."""
    return {
        "id": row.id,
        "name": row.name,
        "colour": list(row.colour),
        "thing": row.thing,
    }


def class_of_json(value: object) -> FoundClass | None:
    """The class of such a row; None when the row is not one."""
    if not isinstance(value, Mapping):
        return None
    number = whole_number(value.get("id"))
    if number is None:
        return None
    thing = value.get("thing") is not False
    return FoundClass(
        number, text_in(value, "name"), colour_of(value.get("colour")), thing
    )
