"""Candidates of a whole image as maps of class ids and of objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate
from seggui.errors import BadRequest

MOST_OBJECTS = 65535


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What was found on an image, pixel by pixel."""

    classes_hw: NDArray[np.uint8]
    """Class ids; 0 is the background."""
    objects_hw: NDArray[np.uint16]
    """Numbers of candidates from 1 on, in their order; 0 is none."""


def maps_of(
    candidates: Sequence[Candidate],
    id_of_class: Mapping[str, int],
    height: int,
    width: int,
) -> Maps:
    """Paint candidates so that better ones cover worse ones.

    Raises ``BadRequest`` when there are more than a 16-bit picture can number, or a
    class id does not fit into 8 bits.
    """
    if len(candidates) > MOST_OBJECTS:
        raise BadRequest(
            f"{len(candidates)} objects were found; a picture can number "
            f"{MOST_OBJECTS}. Ask for a higher score."
        )
    classes = np.zeros((height, width), np.uint8)
    objects = np.zeros((height, width), np.uint16)
    order = sorted(range(len(candidates)), key=lambda place: candidates[place].score)
    for place in order:
        candidate = candidates[place]
        number = id_of_class[candidate.class_name or ""]
        if not 0 < number < 255:
            raise BadRequest(
                f"The class {candidate.class_name} has the id {number}; pictures of "
                "8 bits hold 1 to 254."
            )
        box = candidate.mask.bbox
        inside = candidate.mask.window(box)
        classes[box.slices][inside] = number
        objects[box.slices][inside] = place + 1
    return Maps(classes, objects)
