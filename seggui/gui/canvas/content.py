"""What the canvas shows, kept ready to be painted; knows nothing of widgets.

Each ``show_*`` method follows a value and returns the box of image pixels that look
different now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.core.classes import Classes, Rgb
from seggui.core.document import Document
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment
from seggui.gui.canvas.adjustment import Adjustment
from seggui.gui.canvas.colours import (
    MOST_NUMBERS,
    Paint,
    Table,
    empty_table,
    heat_table,
    instance_colour,
    write_halo,
    write_paint,
)
from seggui.gui.canvas.index_map import IndexMap, joined
from seggui.gui.canvas.pyramid import ImagePyramid
from seggui.gui.canvas.scene import IndexLayer, Scene
from seggui.gui.canvas.segment_map import SegmentMap
from seggui.gui.canvas.style import LayerStyle, SegmentsLook, default_layers

NOWHERE = Box(0, 0, 0, 0)
_NO_CLASS: Rgb = (150, 150, 150)
_CANDIDATE: Rgb = (0, 229, 255)
_WHITE: Rgb = (255, 255, 255)
_HALO = 0.55
_FAINT = 0.35


class Content:
    """The image and everything drawn over it that is made of pixels."""

    def __init__(self) -> None:
        self.image: ImagePyramid | None = None
        self.layers: dict[str, LayerStyle] = default_layers()
        self.look = SegmentsLook()
        self.adjustment = Adjustment()
        self.classes = Classes()
        self.background: Rgb = (43, 43, 46)
        self.selected: tuple[str, ...] = ()
        self.hidden: frozenset[str] = frozenset()
        self.document: Document | None = None
        self._painted: dict[str, tuple[Segment, int, Paint]] = {}
        self._tables = {
            name: empty_table()
            for name in ("segments", "selection", "borders", "candidate")
        }
        self._heat: tuple[float, Table] | None = None
        self._new_maps(0, 0)
        for name, paint in (
            ("selection", Paint(_WHITE, 0.0, 1.0)),
            ("borders", Paint(_WHITE, _FAINT, 0.0)),
            ("candidate", self._candidate_paint()),
        ):
            self._write_all(name, paint)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image; zeros without one."""
        if self.image is None:
            return 0, 0
        return self.image.width, self.image.height

    @property
    def whole(self) -> Box:
        return Box(0, 0, *self.size)

    # -- following values -----------------------------------------------------

    def show_image(self, image_hwc: NDArray[np.uint8] | None) -> Box:
        """Show another image; everything drawn on the one before goes."""
        self.image = ImagePyramid(image_hwc) if image_hwc is not None else None
        self.document = None
        self._new_maps(*self.size)
        return self.whole

    def show_document(self, document: Document | None) -> Box:
        """Follow a document of this image; one of another size is not shown."""
        if document is not None:
            facts = document.image
            if (facts.width, facts.height) != self.size:
                document = None
        self.document = document
        segments = document.segments if document is not None else ()
        masks = {s.id: s.mask for s in segments if self._shows(s)}
        dirty = self._segments.show_masks(masks)
        dirty = dirty.union(self._show_selection())
        return dirty.union(self._box_of(self._follow_paints(segments)))

    def show_hidden(self, hidden: Iterable[str]) -> Box:
        if self.hidden == frozenset(hidden):
            return NOWHERE
        self.hidden = frozenset(hidden)
        return self.show_document(self.document)

    def show_selected(self, selected: Iterable[str]) -> Box:
        self.selected = tuple(selected)
        return self._show_selection()

    def show_classes(self, classes: Classes) -> Box:
        self.classes = classes
        return self._repainted()

    def show_look(self, look: SegmentsLook) -> Box:
        self.look = look
        return self._repainted()

    def show_layers(self, layers: Mapping[str, LayerStyle]) -> Box:
        self.layers = {**default_layers(), **layers}
        self._write_all("candidate", self._candidate_paint())
        self.show_document(self.document)
        return self._repainted()

    def show_candidates(self, candidates: Sequence[Candidate]) -> Box:
        masks = {
            f"candidate {place}": candidate.mask
            for place, candidate in enumerate(candidates)
            if (candidate.mask.width, candidate.mask.height) == self.size
        }
        return self._candidate.show_masks(masks)

    def show_borders(self, borders: Mask | None) -> Box:
        """Follow the borders of regions that a model works with."""
        if borders is None or (borders.width, borders.height) != self.size:
            return self._borders.show_masks({})
        return self._borders.show_masks({"borders": borders})

    def show_uncertainty(
        self, values_hw: NDArray[np.uint8] | None, box: Box | None = None
    ) -> Box:
        """Follow values of the image, or of a part of it; None is sure everywhere."""
        before = self._uncertainty.bounds
        self._uncertainty.clear()
        box = self.whole if box is None else box
        if values_hw is None or values_hw.shape != (box.height, box.width):
            return before
        if box.intersection(self.whole) == box:
            self._uncertainty.put_window(box, values_hw.astype(np.uint16))
        return before.union(self._uncertainty.bounds)

    # -- for the painter ------------------------------------------------------

    def scene(self, pixel_ratio: float) -> Scene:
        """What to paint on a screen of that device pixel ratio."""
        line = max(1, round(pixel_ratio))
        fine = 0 if self.look.draw == "fill" else line
        stripes = self._striped
        tables = self._tables
        shown = {name: style.visible for name, style in self.layers.items()}
        any_segment = shown["segments"] or shown["prediction"]
        chosen, offered = self._selection.index, self._candidate.index
        rows = (
            (
                any_segment,
                IndexLayer(self._segments.index, tables["segments"], fine, stripes),
            ),
            (shown["uncertainty"], IndexLayer(self._uncertainty, self._heat_table())),
            (any_segment, IndexLayer(chosen, tables["selection"], line)),
            (shown["prompt"], IndexLayer(self._borders.index, tables["borders"])),
            (
                shown["candidate"],
                IndexLayer(offered, tables["candidate"], line, True),
            ),
        )
        image = self.layers["image"]
        return Scene(
            self.image,
            tuple(layer for visible, layer in rows if visible),
            self.background,
            image.opacity if image.visible else 0.0,
            None if self.adjustment.neutral else self.adjustment.table(),
        )

    # -- inside ---------------------------------------------------------------

    def _new_maps(self, width: int, height: int) -> None:
        self._segments = SegmentMap(height, width)
        self._selection = SegmentMap(height, width)
        self._borders = SegmentMap(height, width)
        self._candidate = SegmentMap(height, width)
        self._uncertainty = IndexMap(height, width)
        self._painted = {}
        self._striped = False

    def _show_selection(self) -> Box:
        masks: dict[str, Mask] = {}
        if self.document is not None and self.selected:
            wanted = set(self.selected)
            chosen = (s for s in self.document.segments if s.id in wanted)
            masks = {s.id: s.mask for s in chosen if self._shows(s)}
        return self._selection.show_masks(masks)

    def _shows(self, segment: Segment) -> bool:
        if segment.id in self.hidden:
            return False
        # With both layers off the map is not painted at all, and stays ready.
        off = not any(self.layers[name].visible for name in ("segments", "prediction"))
        return off or self.layers[_layer_of(segment)].visible

    def _follow_paints(self, segments: Iterable[Segment]) -> list[str]:
        """Write the colours of segments that look different; returns their ids."""
        numbers = self._segments.numbers
        colours = {row.id: row.colour for row in self.classes}
        before = self._painted
        painted: dict[str, tuple[Segment, int, Paint]] = {}
        changed = []
        for segment in segments:
            number = numbers.get(segment.id)
            if number is None:
                continue
            old = before.get(segment.id)
            # Nearly all segments are the very same from one dab to the next.
            if old is not None and old[0] is segment and old[1] == number:
                painted[segment.id] = old
                continue
            paint = self._paint_of(segment, number, colours)
            painted[segment.id] = (segment, number, paint)
            if old is None or old[1:] != (number, paint):
                write_paint(self._tables["segments"], number, paint)
                changed.append(segment.id)
        self._painted = painted
        if changed:
            paints = (paint for _, _, paint in painted.values())
            self._striped = any(paint.stripe is not None for paint in paints)
        return changed

    def _paint_of(
        self, segment: Segment, number: int, colours: Mapping[int, Rgb]
    ) -> Paint:
        if self.look.colour_by == "instance":
            colour = instance_colour(number)
        else:
            colour = colours.get(segment.class_id, _NO_CLASS)
        opacity = self.layers[_layer_of(segment)].opacity
        fill = 0.0 if self.look.draw == "outline" else opacity
        line = 0.0 if self.look.draw == "fill" else _line_strength(opacity)
        stripe = None if segment.accepted else min(1.0, fill * 2.0)
        return Paint(colour, fill, line, stripe=stripe)

    def _box_of(self, segment_ids: Iterable[str]) -> Box:
        if self.document is None:
            return NOWHERE
        wanted = set(segment_ids)
        return joined(s.mask.bbox for s in self.document.segments if s.id in wanted)

    def _repainted(self) -> Box:
        self._painted = {}
        if self.document is not None:
            self._follow_paints(self.document.segments)
        return self.whole

    def _write_all(self, name: str, paint: Paint) -> None:
        """Give all the numbers that a small layer uses the same look."""
        table = self._tables[name]
        write_halo(table, _HALO)
        write_paint(table, np.arange(1, MOST_NUMBERS + 1), paint)

    def _candidate_paint(self) -> Paint:
        opacity = self.layers["candidate"].opacity
        return Paint(
            _CANDIDATE,
            opacity * 0.6,
            _line_strength(opacity),
            outline_colour=_WHITE,
            stripe=opacity * 1.4,
        )

    def _heat_table(self) -> Table:
        opacity = self.layers["uncertainty"].opacity
        if self._heat is None or self._heat[0] != opacity:
            self._heat = (opacity, heat_table(opacity))
        return self._heat[1]


def _layer_of(segment: Segment) -> str:
    """What a model found is the prediction until someone accepts it."""
    return "segments" if segment.accepted else "prediction"


def _line_strength(opacity: float) -> float:
    """Outlines are stronger than fills, and vanish with them."""
    return float(1 - (1 - opacity) ** 4)
