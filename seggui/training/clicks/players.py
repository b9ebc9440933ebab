"""Processes that play games of clicks and send what they saw to the training."""

from __future__ import annotations

import multiprocessing
import os
import queue
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import cv2
import numpy as np
import torch

from seggui.models.devices import bfloat16_in_hardware
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.clicks.play import Answer, Sample, board_of, game
from seggui.training.clicks.scenes import Draw

LEARNT_ENOUGH = 300
"""Steps after which the network plays its own games; before it, classic does."""
FRESH_EVERY = 40
"""Games between two looks for newer weights."""
QUEUED = 64
NICENESS = 5

MakeDraw = Callable[[], Draw]
"""Opens a source of scenes in the process that draws from it; must be picklable."""


class Samples(Protocol):
    """Where the training takes its samples from."""

    def take(self, *, wait: bool) -> Sample | None:
        """The next sample; None when there is none yet and ``wait`` is false."""
        ...


def answer_of(network: ClickNet) -> Answer:
    """Let a network answer single states on the processor."""
    network = network.eval().to(memory_format=torch.channels_last)
    half = bfloat16_in_hardware()

    def answer(bytes_chw: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(bytes_chw)[None].float().div_(255.0)
        x = x.contiguous(memory_format=torch.channels_last)
        with (
            torch.inference_mode(),
            torch.autocast("cpu", torch.bfloat16, enabled=half),
        ):
            logits, _ = network(x)
        return torch.sigmoid(logits[0].float()).numpy()

    return answer


def games(
    draw_scene: Draw, newest: Callable[[], Answer | None], seed: int
) -> Iterator[Sample]:
    """Play for ever; ``newest`` gives the network to play with, None for classic."""
    draw = np.random.default_rng(seed)
    played = 0
    answer = newest()
    while True:
        scene = draw_scene(draw)
        which = int(draw.integers(len(scene.objects)))
        board = board_of(scene, which, draw)
        if board is None:
            continue
        # A board is dear and a game is cheap: two games of each.
        for _ in range(2):
            yield from game(board, answer, draw)
            played += 1
        if played % FRESH_EVERY == 0:
            answer = newest()


@dataclass(frozen=True, slots=True)
class Here:
    """Plays in the process of the training, for small trainings and tests."""

    source: Iterator[Sample]

    def take(self, *, wait: bool) -> Sample | None:
        return next(self.source) if wait else None


def _newest_in(path: Path) -> Callable[[], Answer | None]:
    seen: list[tuple[int, Answer]] = []

    def newest() -> Answer | None:
        if not path.exists():
            return None
        stamp = path.stat().st_mtime_ns
        if not seen or seen[0][0] != stamp:
            seen[:] = [(stamp, answer_of(weights.read(path)))]
        return seen[0][1]

    return newest


def _work(
    make: MakeDraw, path: Path, seed: int, out: multiprocessing.Queue[Sample]
) -> None:
    """A player's process; ends with the training's, which owns the queue."""
    if sys.platform != "win32":
        os.nice(NICENESS)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    parent = os.getppid()
    # What nobody will take any more must not hold this process at its end.
    out.cancel_join_thread()
    for sample in games(make(), _newest_in(path), seed):
        while True:
            try:
                out.put(sample, timeout=5)
                break
            except queue.Full:
                if os.getppid() != parent:
                    return
        if os.getppid() != parent:
            return


class Players:
    """Several processes that play; a context manager."""

    def __init__(
        self, make: MakeDraw, weights_path: Path, count: int, seed: int
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._queue: multiprocessing.Queue[Sample] = context.Queue(QUEUED)
        self._processes = [
            context.Process(
                target=_work,
                args=(make, weights_path, seed * 1000 + number, self._queue),
                daemon=True,
            )
            for number in range(count)
        ]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.terminate()
            process.join()
        self._queue.close()
        self._queue.cancel_join_thread()

    def take(self, *, wait: bool) -> Sample | None:
        while True:
            try:
                return self._queue.get(timeout=10 if wait else 0.0005)
            except queue.Empty:
                if not wait:
                    return None
                if not any(process.is_alive() for process in self._processes):
                    raise RuntimeError("all players ended") from None
