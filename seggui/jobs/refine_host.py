"""The host of the refine process.

Refinement has a process of its own because a dense CRF holds Python's lock for
seconds, crashes on some input, and can only be stopped by stopping the process.
"""

from __future__ import annotations

import time

from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.jobs.messages import Refine, Refined, Reply, Request
from seggui.jobs.shared import AttachedImages
from seggui.refine.recipe import parse


class RefineHost:
    """Runs recipes over masks."""

    def __init__(self) -> None:
        self._images = AttachedImages()

    def handle(self, request: Request, report: Report) -> Reply:
        if not isinstance(request, Refine):
            raise TypeError(f"the refine process was sent {type(request).__name__}")
        start_s = time.perf_counter()
        recipe = parse(request.recipe)
        image_hwc = self._images.get(request.image)
        done: list[tuple[Mask, ...]] = []
        total = len(request.masks)
        for mask in request.masks:
            inner = _within(report, len(done), total)
            done.append(recipe.apply(mask, image_hwc, inner))
        elapsed_s = time.perf_counter() - start_s
        return Refined(request.ticket, tuple(done), elapsed_s)

    def forget(self, key: str) -> None:
        self._images.forget(key)


def _within(report: Report, place: int, total: int) -> Report:
    """A report of one mask's steps, told as a part of all masks."""

    def inner(done: int, steps: int, what: str) -> None:
        share = done / steps if steps else 0.0
        report(round(100 * (place + share)), 100 * total, what)

    inner(0, 0, "Refining")
    return inner


def open_host() -> RefineHost:
    return RefineHost()
