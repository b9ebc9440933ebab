"""What a closed outline becomes: a new segment, or more of the selected one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seggui.core import edits
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest
from seggui.gui.canvas.rubber import PointXY
from seggui.gui.tools.brush import others_window
from seggui.gui.tools.desk import Desk
from seggui.gui.tools.gaps import without_gaps
from seggui.gui.tools.tool import check_paintable, selected_segment
from seggui.refine.polygons import Polygon, mask_of_polygons


def add_outline(
    desk: Desk, label: str, points_xy: Sequence[PointXY], source: Source
) -> None:
    """Paint what is inside, as one undo step.

    Raises ``BadRequest`` when no pixel is free for it, ``ReadOnly`` when the selected
    segment must stay as it is.
    """
    document = desk.document
    if document is None:
        return
    facts = document.image
    polygon = Polygon(np.array(points_xy))
    mask = mask_of_polygons([polygon], facts.height, facts.width)
    into = selected_segment(desk) if desk.options.paint_into == "selected" else None
    if desk.options.protect_others:
        taken = others_window(document, into.id if into else "", mask.bbox)
        mask = mask.erased(mask.bbox, taken)
    if mask.is_empty:
        raise BadRequest(f"The {label.lower()} holds no free pixel; nothing was added.")
    if into is not None:
        check_paintable(desk, into)
        drawn = into.id
        painted = edits.replace_mask(document, drawn, into.mask.union(mask))
    else:
        new = Segment(mask, desk.class_id, source)
        drawn, painted = new.id, edits.add_segments(document, [new])
    if desk.options.fill_gaps:
        painted = without_gaps(document, painted, [drawn])
    desk.commit(label, painted, [drawn])
