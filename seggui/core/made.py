"""Whether a person changed a candidate since a model made it.

A model that is asked again replaces its own candidates, and must not take away what
somebody corrected on them. So each keeps, in the prompts of its source, what it was
like: ``{"made": [x0, y0, x1, y1, area, class]}``. Candidates of older files have none
and count as unchanged.
"""

from __future__ import annotations

from seggui.core.mask import Mask
from seggui.core.segment import Segment

KEY = "made"


def as_made(mask: Mask, class_id: int) -> list[int]:
    """What tells a candidate from one that was changed, to be kept under ``KEY``."""
    box = mask.bbox
    return [box.x0, box.y0, box.x1, box.y1, mask.area, class_id]


def was_changed(segment: Segment) -> bool:
    """Whether mask or class differ from those that the model gave it."""
    made = [prompt[KEY] for prompt in segment.source.prompts if KEY in prompt]
    return bool(made) and made[0] != as_made(segment.mask, segment.class_id)
