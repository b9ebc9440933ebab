"""Rows for the panels, made from what the session holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from seggui.core.candidate import Candidate
from seggui.core.classes import Classes, Rgb, colour_number
from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.history import History
from seggui.gui.actions import Facts
from seggui.gui.panels.candidates import CandidateRow
from seggui.gui.panels.classes import ClassRow
from seggui.gui.panels.history import StepRow
from seggui.gui.panels.images import ImageRow
from seggui.gui.panels.segment_model import SegmentRow
from seggui.gui.panels.thumbnails import qimage_of
from seggui.gui.session import Session

_PICTURE_PX = 112
_UNKNOWN: Rgb = (140, 140, 140)


def facts_of(session: Session) -> Facts:
    """What is true now, as far as actions depend on it."""
    document, image = session.document, session.image is not None
    segments = document.segments if document else ()
    return Facts(
        project=session.project is not None,
        image=image,
        writable=session.project is not None and not session.read_only,
        segments=bool(segments),
        selected=bool(session.selected),
        several=len(session.selected) > 1,
        candidate=session.candidate is not None,
        candidates=len(session.candidates) > 1,
        offered=any(not s.accepted for s in segments),
        marks=session.conversation.open,
        level=session.candidate is not None
        and session.candidate.probability is not None,
        undo=session.can_undo or session.conversation.open,
        redo=session.conversation.can_say_again
        or (session.can_redo and not session.conversation.open),
        unsaved=not session.saved,
    )


def class_rows(classes: Classes) -> tuple[ClassRow, ...]:
    return tuple(ClassRow(c.id, c.name, c.colour, c.thing) for c in classes)


def segment_rows(
    document: Document | None, classes: Classes, hidden: frozenset[str]
) -> tuple[SegmentRow, ...]:
    """The segments of a document, the top one first."""
    if document is None:
        return ()
    known = {c.id: c for c in classes}
    rows = []
    for segment in reversed(document.segments):
        kind = known.get(segment.class_id)
        rows.append(
            SegmentRow(
                segment.id,
                segment.name,
                kind.name if kind else f"class {segment.class_id}",
                kind.colour if kind else _UNKNOWN,
                segment.mask.area,
                segment.id not in hidden,
                segment.locked,
                not segment.accepted,
                segment.source.score,
            )
        )
    return tuple(rows)


def image_rows(session: Session) -> tuple[ImageRow, ...]:
    if session.project is None:
        return ()
    unsure = session.uncertainty
    return tuple(
        ImageRow(
            row.name,
            "unreadable" if row.reason else row.state,
            row.reason,
            row.segments,
            unsure.get(row.name),
        )
        for row in session.project.images
    )


def step_rows(history: History | None) -> tuple[StepRow, ...]:
    if history is None:
        return ()
    return tuple(StepRow(s.label, s.when.replace("T", " ")[:19]) for s in history.steps)


def candidate_rows(session: Session) -> tuple[CandidateRow, ...]:
    image, model = session.image, session.model
    scored = model is None or not model.classical
    each = session.conversation.each
    return tuple(
        CandidateRow(
            candidate.granularity,
            candidate.score if scored else None,
            candidate_picture(image.image_hwc, candidate) if image else None,
            candidate.stability,
            candidate.mask.is_empty,
            candidate.note,
        )
        for candidate in session.candidates
        if not (each and candidate.mask.is_empty)
    )


def candidate_picture(image_hwc: NDArray[np.uint8], candidate: Candidate) -> QImage:
    """The image around a candidate, dark where the candidate is not."""
    height, width = image_hwc.shape[:2]
    box = candidate.mask.bbox
    if box.empty:
        return QImage()
    pad = max(4, max(box.width, box.height) // 6)
    box = Box(box.x0 - pad, box.y0 - pad, box.x1 + pad, box.y1 + pad)
    box = box.clipped(width, height)
    step = max(1, max(box.width, box.height) // _PICTURE_PX)
    window = candidate.mask.window(box)[::step, ::step]
    pixels = image_hwc[box.y0 : box.y1 : step, box.x0 : box.x1 : step].copy()
    pixels[~window] = pixels[~window] // 4
    tint = np.array(colour_number(8), np.uint16)
    inside = pixels[window].astype(np.uint16)
    pixels[window] = ((3 * inside + tint) // 4).astype(np.uint8)
    return qimage_of(pixels)
