"""The table of formats; adding one adds a row."""

from __future__ import annotations

from seggui.errors import BadRequest
from seggui.files.formats import coco, png_index, png_instance
from seggui.files.formats.values import Format

FORMATS: tuple[Format, ...] = (png_index.FORMAT, png_instance.FORMAT, coco.FORMAT)


def format_named(format_id: str) -> Format:
    """Return the format of that id; raises ``BadRequest`` for another."""
    for row in FORMATS:
        if row.id == format_id:
            return row
    known = ", ".join(row.id for row in FORMATS)
    raise BadRequest(f"There is no format {format_id}; there are {known}.")
