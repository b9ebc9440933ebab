"""Practice on a person's own objects: games of clicks, learnt from several times."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.following import close_side
from seggui.models.prompted.clicknet.looking import Habits
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.clicks import synthesis
from seggui.training.clicks.in_use import Clicker, Watched
from seggui.training.clicks.loop import Course, Store
from seggui.training.clicks.objects import Objects, objects_in, useless
from seggui.training.clicks.photometry import disturbed
from seggui.training.clicks.play import Answer, Board, board_of, game, most_covered
from seggui.training.clicks.play import Sample as State
from seggui.training.clicks.players import Here
from seggui.training.clicks.scenes import Bools, ClickScene
from seggui.training.samples import Sample

IN_USE, REHEARSED = 0.4, 0.25
"""Shares of the games that are played through the whole model, and on drawn shapes; the
others are played on boards, whose windows and mistakes are more various.

The drawn shapes, of pieces of the same images, are there so that what a click means in
general is not forgotten (Robins, "Catastrophic Forgetting, Rehearsal and
Pseudorehearsal", 1995)."""
KEPT_BOARDS, BOARD_GAMES = 48, 5
"""Boards that are kept, and games on each: a board is dear and a game is cheap."""
KEPT_SIGHTS, SIGHT_GAMES = 8, 10
KEPT_BYTES = 1 << 28
"""Of what is known of which pixel belongs to which object, at most."""
MOST_OBJECTS, MOST_CLICKS = 8, 8
"""Objects of an image that is clicked on, and clicks on each, at most."""
AS_IT_IS = 0.3
"""Share of those images that are not disturbed."""
KEPT_STATES, USES = 400, 5.0
"""States that are learnt from more than once, and how often on average."""
FRESH_EVERY = 50
"""Games that one copy of the network plays before a newer one takes over."""
TRIES = 50
"""Windows that are cut in vain before the images are called useless."""


class Practice:
    """Plays with the network as it is and gives batches of what came up."""

    def __init__(
        self, network: nn.Module, habits: Habits, batch: int, seed: int
    ) -> None:
        self._network, self._habits = network, habits
        self._draw = np.random.default_rng(seed)
        self._samples: Sequence[Sample] = ()
        self._boards: deque[Board] = deque(maxlen=KEPT_BOARDS)
        self._drawn: deque[Board] = deque(maxlen=KEPT_BOARDS)
        self._sights: deque[Watched] = deque(maxlen=KEPT_SIGHTS)
        self._known: OrderedDict[str, Objects] = OrderedDict()
        course = Course(0.0, batch, kept=KEPT_STATES, uses=USES)
        self._store = Store(Here(self._states()), course, seed)

    def batch(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
        """What ``Store.batch`` returns.

        New boards are cut from these samples. Raises ``BadRequest`` where none can be.
        """
        self._samples = samples
        return self._store.batch()

    def _states(self) -> Iterator[State]:
        played = 0
        while True:
            if played % FRESH_EVERY == 0:
                engine = Engine(copied(self._network))
                clicker = Clicker(engine)
            kind = self._draw.random()
            if kind < IN_USE:
                yield from self._used(clicker)
            else:
                kept, make = self._boards, self._new_board
                if kind > 1.0 - REHEARSED:
                    kept, make = self._drawn, self._drawn_board
                board = self._newest(kept, make)
                yield from game(board, _likely(engine), self._draw)
            played += 1

    def _used(self, clicker: Clicker) -> Iterator[State]:
        draw = self._draw
        if not self._sights or draw.random() < 1.0 / SIGHT_GAMES:
            self._sights.append(self._new_sight())
        sight = self._sights[int(draw.integers(len(self._sights)))]
        clicks = min(int(draw.geometric(0.3)), MOST_CLICKS)
        which = int(draw.integers(len(sight.objects)))
        for click in clicker.game(sight, which, clicks, draw):
            yield from click.states

    def _new_sight(self) -> Watched:
        """An image with some of its objects, as it is or disturbed."""
        draw = self._draw
        for _ in range(TRIES):
            sample, objects = self._some_sample()
            chosen = draw.permutation(objects.numbers)[:MOST_OBJECTS]
            image, masks = sample.image_hwc, [objects.mask(one) for one in chosen]
            if draw.random() >= AS_IT_IS:
                covers = [mask.astype(np.uint8) * np.uint8(255) for mask in masks]
                image, covers = disturbed(image, covers, draw, alike=True)
                masks = [most_covered(cover) for cover in covers]
            left = tuple(mask for mask in masks if _clickable(mask))
            if left:
                return Watched(ClickScene(image, left, alike=True), self._habits)
        raise useless(self._samples)

    def _newest(self, kept: deque[Board], make: Callable[[], Board]) -> Board:
        """A new board, or one of those that were played on before."""
        if not kept or self._draw.random() < 1.0 / BOARD_GAMES:
            kept.append(make())
        return kept[int(self._draw.integers(len(kept)))]

    def _drawn_board(self) -> Board:
        draw = self._draw
        stock = synthesis.Stock(tuple(sample.image_hwc for sample in self._samples))
        while True:
            kind = synthesis.partition if draw.random() < 0.5 else synthesis.drawn
            scene = kind(stock, draw)
            board = board_of(scene, int(draw.integers(len(scene.objects))), draw)
            if board is not None:
                return board

    def _new_board(self) -> Board:
        draw = self._draw
        for _ in range(TRIES):
            sample, objects = self._some_sample()
            chosen = draw.permutation(objects.numbers)[:2]
            masks = tuple(objects.mask(one) for one in chosen)
            scene = ClickScene(sample.image_hwc, masks, alike=True)
            side = close_side(width) if (width := self._habits.line_width) else 0.0
            board = board_of(scene, 0, draw, close_side=side) if masks else None
            if board is not None:
                return board
        raise useless(self._samples)

    def _some_sample(self) -> tuple[Sample, Objects]:
        sample = self._samples[int(self._draw.integers(len(self._samples)))]
        known = self._known
        if sample.name not in known:
            known[sample.name] = objects_in(sample)
        known.move_to_end(sample.name)
        kept = sum(one.labels_hw.nbytes for one in known.values())
        while kept > KEPT_BYTES and len(known) > 1:
            kept -= known.popitem(last=False)[1].labels_hw.nbytes
        return sample, known[sample.name]


def _clickable(mask_hw: Bools) -> bool:
    return bool(mask_hw.any() and not mask_hw.all())


def _likely(engine: Engine) -> Answer:
    return lambda bytes_chw: engine(bytes_chw)[0]


def copied(network: nn.Module) -> ClickNet:
    """A copy on the processor to answer with; the network itself goes on learning."""
    out = ClickNet()
    out.load_state_dict(network.state_dict())
    return out.eval()


def same(one: nn.Module, two: nn.Module) -> bool:
    """Whether two networks of one kind have the same weights."""
    ours, theirs = one.state_dict(), two.state_dict()
    return all(torch.equal(ours[name].cpu(), theirs[name].cpu()) for name in ours)


def halfway(one: nn.Module, two: nn.Module) -> ClickNet:
    """The mean of two networks, of which one goes back to the other.

    It is often better than both, and forgets less: Wortsman et al., "Robust
    Fine-Tuning of Zero-Shot Models" (2022).
    """
    out, theirs = copied(one), two.state_dict()
    with torch.no_grad():
        for name, value in out.state_dict().items():
            if value.is_floating_point():
                value.lerp_(theirs[name].to(value), 0.5)
    return out
