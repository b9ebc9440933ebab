"""Work over many images, one at a time, with progress, time left and cancel.

It runs on a worker thread. Nothing here writes a document: each answer is handed to
``deliver``, which belongs to the owner of the documents.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.errors import Cancelled, SegguiError
from seggui.jobs.client import Client
from seggui.jobs.messages import (
    Encode,
    Encoded,
    Predict,
    Predicted,
    Refine,
    Refined,
    Reply,
    Request,
    SharedImage,
)
from seggui.jobs.shared import SharedImages
from seggui.jobs.waiting import ask_and_wait

Answer = TypeVar("Answer")

Work = Callable[[str, Report], Answer]
"""Does the work on the image of that name."""


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is."""

    done: int
    total: int
    name: str
    """The image in work; empty at the end."""
    part: float
    """How much of that image is done, 0 to 1."""
    left_s: float | None
    """Estimated from the images so far; None before the first is done."""
    failed: int


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """An image that brought nothing, and why."""

    name: str
    text: str
    """A finished sentence."""
    report: str = ""
    """The traceback of a bug, empty for anything a person can act on."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch."""

    done: tuple[str, ...]
    failures: tuple[BatchFailure, ...]
    cancelled: bool
    passed: tuple[str, ...] = ()
    """Images that the work had nothing to do on."""


class Passed(Exception):
    """Raised by work that has nothing to do on an image."""


BatchReport = Callable[[BatchProgress], None]
"""Is told how far a batch is, and raises ``Cancelled`` to end it."""


def run_batch(
    names: Sequence[str],
    work: Work[Answer],
    deliver: Callable[[str, Answer], None],
    report: BatchReport,
) -> BatchResult:
    """Work through the images in their order; one that fails stops nothing.

    What was delivered before a cancel stays delivered.
    """
    done: list[str] = []
    failures: list[BatchFailure] = []
    passed: list[str] = []
    start_s = time.monotonic()

    def tell(place: int, name: str, part: float) -> None:
        left_s = None
        if place:
            left_s = (time.monotonic() - start_s) * (len(names) - place) / place
        report(BatchProgress(place, len(names), name, part, left_s, len(failures)))

    try:
        for place, name in enumerate(names):
            tell(place, name, 0.0)
            try:
                failure = _one(name, work, deliver, _within(tell, place, name))
            except Passed:
                passed.append(name)
                continue
            if failure is None:
                done.append(name)
            else:
                failures.append(failure)
        tell(len(names), "", 0.0)
        stopped = False
    except Cancelled:
        stopped = True
    return BatchResult(tuple(done), tuple(failures), stopped, tuple(passed))


def _within(tell: Callable[[int, str, float], None], place: int, name: str) -> Report:
    def report(done: int, total: int, what: str) -> None:
        tell(place, name, min(1.0, done / total) if total else 0.0)

    return report


def _one(
    name: str,
    work: Work[Answer],
    deliver: Callable[[str, Answer], None],
    report: Report,
) -> BatchFailure | None:
    try:
        deliver(name, work(name, report))
    except (Cancelled, Passed):
        raise
    except SegguiError as error:
        return BatchFailure(name, str(error))
    except Exception as error:  # noqa: BLE001 - the others must not suffer from it
        text = (
            f"{name} could not be worked on because of a mistake in seggui "
            f"({type(error).__name__}: {error}). It is unchanged."
        )
        return BatchFailure(name, text, traceback.format_exc())
    return None


# -- what is done to each image ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lending:
    """What batch work needs to hand images to a worker process."""

    client: Client
    images: SharedImages
    next_ticket: Callable[[], int]
    read: Callable[[str], tuple[str, NDArray[np.uint8]]]
    """Gives the digest of the image of that name and its RGB pixels, (y, x, 3)."""

    def ask(
        self, name: str, make: Callable[[int, SharedImage], Request], report: Report
    ) -> Reply:
        """Share the image of that name, ask about it and wait for the answer."""
        key, image_hwc = self.read(name)
        request = make(self.next_ticket(), self.images.share(key, image_hwc))
        try:
            return ask_and_wait(self.client, request, report)
        finally:
            if self.images.drop(key):
                self.client.forget(key)


def predicting(place: Lending, template: Predict) -> Work[Predicted]:
    """Work that predicts each image as ``template`` says of another."""

    def work(name: str, report: Report) -> Predicted:
        def make(ticket: int, image: SharedImage) -> Request:
            return replace(template, ticket=ticket, image=image)

        return cast(Predicted, place.ask(name, make, report))

    return work


def refining(
    place: Lending, masks_of: Callable[[str], tuple[Mask, ...]], recipe: str
) -> Work[Refined]:
    """Work that runs a recipe over the masks of each image."""

    def work(name: str, report: Report) -> Refined:
        masks = masks_of(name)

        def make(ticket: int, image: SharedImage) -> Request:
            return Refine(ticket, image, masks, recipe)

        return cast(Refined, place.ask(name, make, report))

    return work


def encoding(place: Lending, model_id: str) -> Work[Encoded]:
    """Work that prepares each image for prompts, one that is not shown."""

    def work(name: str, report: Report) -> Encoded:
        def make(ticket: int, image: SharedImage) -> Request:
            return Encode(ticket, image, model_id, ahead=True)

        return cast(Encoded, place.ask(name, make, report))

    return work
