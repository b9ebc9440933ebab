"""Marker watershed: marks grow over the gradient until they meet.

Beucher and Meyer, "The Morphological Approach to Segmentation: The Watershed
Transformation" (1993), on the boundary strength of colour and texture; compact
regions as in Neubert and Protzel (2014).
"""

from __future__ import annotations

import numpy as np
from skimage.segmentation import watershed

from seggui.core.candidate import Candidate
from seggui.core.ports import Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.boundaries import look_at
from seggui.models.prompted.classical.answers import looked_at, offered
from seggui.models.prompted.classical.method import Method, Values
from seggui.models.prompted.classical.pictures import Bytes, Floats, Picture, View
from seggui.models.prompted.classical.rows import info_of
from seggui.models.prompted.classical.seeds import GROUND, OBJECT, seeds_of

INFO = info_of("watershed")
_PIXELS = 150_000


class Watershed(Method):
    """Basins from clicks, lines, boxes and drawings."""

    info = INFO

    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        compactness, detail = float(values["compactness"]), float(values["detail"])

        def solve(view: View) -> Floats:
            report(0, 2, "flooding")
            look = picture.known(
                ("look", view.box, detail),
                lambda: look_at(view.picture_hwc, 1.5 * detail, 4.0 * detail),
            )
            markers = _with_border(seeds_of(prompt, view))
            found = watershed(  # type: ignore[no-untyped-call]
                look.boundary_hw, markers.astype(np.int32), compactness=compactness
            )
            return np.asarray(found == OBJECT, dtype=np.float32)

        found = looked_at(picture, prompt, _PIXELS, solve)
        return (offered(found, picture, prompt, report),)


def _with_border(seeds_hw: Bytes) -> Bytes:
    """Markers; without marks of ground, the edge of the view is ground."""
    seeds_hw = np.minimum(seeds_hw, GROUND)
    if (seeds_hw == GROUND).any() or min(seeds_hw.shape) < 3:
        return seeds_hw
    border = np.ones(seeds_hw.shape, dtype=bool)
    border[1:-1, 1:-1] = False
    out = seeds_hw.copy()
    out[border & (seeds_hw == 0)] = GROUND
    return out
