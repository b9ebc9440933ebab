"""What can be set when a prompted model segments everything in an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from seggui.core.parameters import Parameter, Settings, values_of

Overlaps = Literal["score", "small", "large", "keep"]

PARAMETERS = (
    Parameter(
        "points",
        "Points along the longer side",
        default=24,
        low=1,
        high=128,
        hint="A grid of clicks is laid over the image; more of them find smaller "
        "objects and take longer.",
    ),
    Parameter(
        "layers",
        "Layers of crops",
        default=0,
        low=0,
        high=3,
        hint="1 looks again at 4 overlapping parts of the image, 2 at 16 more, 3 at "
        "64 more: finds small objects in large images.",
    ),
    Parameter(
        "thorough",
        "Click inside what was found, too",
        default=False,
        hint="Finds parts of parts; takes several times as long.",
    ),
    Parameter(
        "score",
        "Smallest score",
        default=0.5,
        step=0.05,
        hint="Masks that the model itself trusts less are left out. 0.5 suits the "
        "models in the box, 0.8 the SAM family.",
    ),
    Parameter(
        "stability",
        "Smallest stability",
        default=0.85,
        step=0.05,
        hint="Masks that change much with the threshold are left out, where the model "
        "tells.",
    ),
    Parameter(
        "same",
        "Same object from an IoU of",
        default=0.7,
        low=0.05,
        high=1.0,
        step=0.05,
        hint="Of masks that are this much alike the better one stays.",
    ),
    Parameter(
        "smallest",
        "Smallest area",
        default=64,
        low=1,
        high=10_000_000,
        step=16,
        unit="px",
        hint="Smaller masks are left out.",
    ),
    Parameter(
        "largest",
        "Largest share of the image",
        default=0.9,
        low=0.01,
        high=1.0,
        step=0.05,
        hint="Larger masks are left out: they are mostly the background.",
    ),
    Parameter(
        "specks",
        "Clean specks and holes below",
        default=32,
        low=0,
        high=100_000,
        step=8,
        unit="px",
        hint="Islands and holes of fewer pixels go.",
    ),
    Parameter(
        "overlaps",
        "Where masks overlap",
        default="score",
        choices=(
            ("score", "The better score wins"),
            ("small", "The smaller one wins"),
            ("large", "The larger one wins"),
            ("keep", "Both keep the pixels"),
        ),
        hint="With the smaller one on top, parts are cut out of the whole. A mask that "
        "loses most of itself is left out.",
    ),
)


@dataclass(frozen=True, slots=True)
class EverythingOptions:
    """The values of ``PARAMETERS``, by the same names."""

    points: int
    layers: int
    thorough: bool
    score: float
    stability: float
    same: float
    smallest: int
    largest: float
    specks: int
    overlaps: Overlaps


def options_of(settings: Settings = ()) -> EverythingOptions:
    """The options with these values and else the defaults; raises ``BadRequest``."""
    values = values_of(PARAMETERS, settings)
    return EverythingOptions(
        points=int(values["points"]),
        layers=int(values["layers"]),
        thorough=bool(values["thorough"]),
        score=float(values["score"]),
        stability=float(values["stability"]),
        same=float(values["same"]),
        smallest=int(values["smallest"]),
        largest=float(values["largest"]),
        specks=int(values["specks"]),
        overlaps=cast(Overlaps, values["overlaps"]),
    )
