"""How good a click network is so far, on scenes it does not learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.metrics.clicks import iou_after, next_click, noc
from seggui.metrics.masks import iou
from seggui.models.prompted.clicknet.channels import Asked, shown
from seggui.training.clicks.play import Answer, Board, answered, board_of
from seggui.training.clicks.scenes import ClickScene

CLICKS, ENOUGH = 8, 0.9
"""Clicks on an object at most, and the IoU at which no more are needed."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over objects, clicked on at the scale of the network."""

    iou1: float
    iou3: float
    iou5: float
    noc85: float
    objects: int

    @property
    def mean(self) -> float:
        """Of IoU after one, three and five clicks: what networks are compared by."""
        return fmean((self.iou1, self.iou3, self.iou5))

    def __str__(self) -> str:
        return (
            f"IoU {self.iou1:.3f} {self.iou3:.3f} {self.iou5:.3f} after 1, 3, 5 "
            f"clicks, NoC@85 {self.noc85:.2f} of {CLICKS} ({self.objects} objects)"
        )


def boards_of(scenes: Iterable[ClickScene], margin: float = 1.5) -> list[Board]:
    """One board for each object, undisturbed."""
    found = (
        board_of(scene, which, None, margin)
        for scene in scenes
        for which in range(len(scene.objects))
    )
    return [board for board in found if board is not None]


def series(board: Board, answer: Answer | None) -> tuple[float, ...]:
    """IoU after each click; ``answer`` None lets classic play."""
    mask = board.truth_hw & False
    points: tuple[Point, ...] = ()
    ious: list[float] = []
    while len(ious) < CLICKS and not (mask == board.truth_hw).all():
        points = (*points, next_click(board.truth_hw, mask, points))
        state = shown(board.scene, Asked(Mask.from_dense(mask), points))
        mask = answered(state, points, answer, board.truth_hw.shape)
        ious.append(iou(board.truth_hw, mask))
        if ious[-1] >= ENOUGH:
            break
    return tuple(ious)


def quality_of(boards: Sequence[Board], answer: Answer | None) -> Quality:
    return quality([series(board, answer) for board in boards])


def quality(runs: Sequence[Sequence[float]], limit: int = CLICKS) -> Quality:
    """Means over the IoU series of several objects, clicked on ``limit`` times."""
    after = [fmean(iou_after(run, clicks) for run in runs) for clicks in (1, 3, 5)]
    clicks = fmean(noc(run, 0.85, limit) for run in runs)
    return Quality(after[0], after[1], after[2], clicks, len(runs))
