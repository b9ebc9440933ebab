"""Runs the steps of a recipe, one after the other, over one mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Probability
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.errors import BadRequest
from seggui.refine import boundary, components, crf, morphology
from seggui.refine.steps import Step


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One mask on its way through one step."""

    mask: Mask
    values: Mapping[str, float]
    image_hwc: NDArray[np.uint8]
    probability: Probability | None
    report: Report


def _crf(work: Work) -> tuple[Mask, ...]:
    values = work.values
    options = crf.CrfOptions(
        iterations=int(values["iterations"]),
        bilateral_sxy_px=values["sxy"],
        bilateral_srgb=values["srgb"],
        bilateral_compat=values["compat"],
        gaussian_sxy_px=values["gxy"],
        gaussian_compat=values["gcompat"],
        confidence=values["confidence"],
    )
    refined = crf.refined(
        work.mask, work.probability, work.image_hwc, options, work.report
    )
    return (refined,)


def _with(
    edit: Callable[[Mask, float], Mask], name: str
) -> Callable[[Work], tuple[Mask, ...]]:
    return lambda work: (edit(work.mask, work.values[name]),)


RUNNERS: Mapping[str, Callable[[Work], tuple[Mask, ...]]] = {
    "crf": _crf,
    "largest": _with(lambda m, keep: components.keep_largest(m, int(keep)), "keep"),
    "drop": _with(components.drop_below, "area"),
    "fill": _with(components.fill_holes_below, "area"),
    "split": lambda work: components.split(work.mask),
    "open": _with(morphology.opened, "radius"),
    "close": _with(morphology.closed, "radius"),
    "grow": _with(morphology.grown, "radius"),
    "shrink": _with(morphology.shrunk, "radius"),
    "smooth": _with(boundary.smoothed, "radius"),
    "simplify": _with(boundary.simplified, "tolerance"),
}
"""By step id; each returns what one mask became."""

_PARTS = 100
"""Progress of one step is counted in so many parts."""


def run_steps(
    steps: Sequence[tuple[Step, Mapping[str, float]]],
    mask: Mask,
    image_hwc: NDArray[np.uint8],
    probability: Probability | None,
    report: Report,
) -> tuple[Mask, ...]:
    """Return what is left of the mask after all steps; empty masks are left out."""
    if image_hwc.shape[:2] != (mask.height, mask.width):
        raise BadRequest(
            f"A mask of {mask.width} x {mask.height} pixels does not fit an image of "
            f"{image_hwc.shape[1]} x {image_hwc.shape[0]}."
        )
    masks: tuple[Mask, ...] = () if mask.is_empty else (mask,)
    total = len(steps) * _PARTS
    for index, (step, values) in enumerate(steps):
        after: list[Mask] = []
        for place, one in enumerate(masks):
            at = (index + place / len(masks)) * _PARTS
            inner = _scaled(report, at, _PARTS / len(masks), total, step.title)
            inner(0, 1, step.title)
            work = Work(one, values, image_hwc, probability, inner)
            after += [new for new in RUNNERS[step.id](work) if not new.is_empty]
        masks = tuple(after)
        probability = None
    report(total, total, "Refined")
    return masks


def _scaled(report: Report, at: float, span: float, total: int, title: str) -> Report:
    def inner(done: int, of: int, _what: str) -> None:
        report(int(at + span * done / max(of, 1)), total, title)

    return inner
