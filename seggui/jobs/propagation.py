"""Carrying objects from image to image: passes forward and backward from one image.

The engine keeps the memory of a pass. When it dies, the pass is begun again from the
last image that went well, so a death costs one image's time and no result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from seggui.core.candidate import Followed
from seggui.core.mask import Mask
from seggui.core.ports import Report
from seggui.core.segment import new_segment_id
from seggui.errors import BadRequest, EngineLost
from seggui.jobs.batch import Lending, Passed
from seggui.jobs.messages import Propagate, Propagated, Request, SharedImage

Direction = Literal["forward", "backward", "both"]

PATIENCE = 3
"""Images in a row without any of the objects, after which they count as lost."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which images a propagation goes through, in order of work."""

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    """From near to far."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.forward + self.backward


def sequence_around(names: Sequence[str], start: str) -> tuple[str, ...]:
    """The images that belong to one sequence with ``start``, in their order.

    These are the pages of its file, or else the images of its folder.
    """
    file = start.partition("#")[0]
    pages = tuple(n for n in names if n.partition("#")[0] == file)
    if len(pages) > 1:
        return pages
    folder = start.rpartition("/")[0]
    return tuple(n for n in names if n.rpartition("/")[0] == folder)


def range_from(
    names: Sequence[str], start: str, direction: Direction, most: int = 0
) -> Range:
    """The images after, before or on both sides of one in its sequence.

    At most ``most`` to a side; 0 is all of them. Raises ``BadRequest`` when there are
    none.
    """
    sequence = sequence_around(names, start)
    at = sequence.index(start)
    after, before = sequence[at + 1 :], tuple(reversed(sequence[:at]))
    if most:
        after, before = after[:most], before[:most]
    chosen = Range(
        after if direction != "backward" else (),
        before if direction != "forward" else (),
    )
    if not chosen.names:
        where = {"forward": "after", "backward": "before"}.get(direction, "beside")
        raise BadRequest(f"There is no image {where} {start} to propagate to.")
    return chosen


@dataclass(slots=True)
class _Pass:
    """One direction: which memory it has, and from where it can begin again."""

    sequence: str
    good: str
    """The last image that went well."""
    masks: Mapping[str, Mask]
    begun: bool = False
    missed: int = 0
    """Images in a row on which nothing was found."""


class Propagation:
    """Work for ``run_batch`` over the images of a range, in their order."""

    def __init__(  # noqa: PLR0913 - what a propagation depends on
        self,
        place: Lending,
        model_id: str,
        start: str,
        seeds: Mapping[str, Mask],
        images: Range,
        known_on: Callable[[str], Mapping[str, Mask]],
        *,
        until_lost: bool = True,
        weights: str = "",
    ) -> None:
        """``known_on`` gives what a person said of the objects on an image.

        ``weights`` is a checkpoint of the model that is not at its place.
        Raises ``BadRequest`` when there is nothing to carry.
        """
        if not seeds or all(mask.is_empty for mask in seeds.values()):
            raise BadRequest(
                f"There is nothing on {start} to carry to other images. Segment an "
                "object there first."
            )
        self._place = place
        self._model_id, self._weights = model_id, weights
        self._start, self._seeds = start, dict(seeds)
        self._images = images
        self._known_on = known_on
        self._until_lost = until_lost
        self._passes: dict[bool, _Pass] = {}
        self.lost: dict[str, str] = {}
        """Images after which all objects stayed out of sight, by direction."""
        self.known: Mapping[str, Mask] = {}
        """What a person said of the objects on the image that was done last."""

    def __call__(self, name: str, report: Report) -> Mapping[str, Followed]:
        """Carry the objects to an image; what a person said there is not among them.

        Raises ``Passed`` for images behind the place where all objects were lost,
        and what asking the engine raises.
        """
        ahead = name in self._images.forward
        way = self._pass(ahead)
        direction = "forward" if ahead else "backward"
        if direction in self.lost:
            raise Passed
        known = {
            track: mask
            for track, mask in self._known_on(name).items()
            if track in self._seeds
        }
        found = self._followed(way, name, known, report)
        self.known = known
        masks = {**{t: f.mask for t, f in found.items()}, **known}
        if any(not mask.is_empty for mask in masks.values()):
            way.good, way.masks, way.missed = name, masks, 0
        else:
            way.missed += 1
            if self._until_lost and way.missed >= PATIENCE:
                self.lost[direction] = way.good
        return found

    def close(self) -> None:
        """Let the engine forget what it remembered for this."""
        for way in self._passes.values():
            self._place.client.forget(way.sequence)

    def _pass(self, ahead: bool) -> _Pass:
        if ahead not in self._passes:
            self._passes[ahead] = _Pass(new_segment_id(), self._start, self._seeds)
        return self._passes[ahead]

    def _followed(
        self, way: _Pass, name: str, known: Mapping[str, Mask], report: Report
    ) -> Mapping[str, Followed]:
        try:
            if not way.begun:
                self._begin(way, report)
            reply = self._ask(way, name, known, report)
        except EngineLost:
            # It starts again by itself and knows nothing; a second death is told.
            reply = None
        if reply is None or not reply.remembered:
            way.begun = False
            self._begin(way, report)
            reply = self._ask(way, name, known, report)
        return reply.found

    def _begin(self, way: _Pass, report: Report) -> None:
        """Show the engine the last good image with what is on it."""
        self._place.client.forget(way.sequence)
        way.sequence = new_segment_id()
        self._ask(way, way.good, way.masks, report, first=True)
        way.begun = True

    def _ask(
        self,
        way: _Pass,
        name: str,
        known: Mapping[str, Mask],
        report: Report,
        *,
        first: bool = False,
    ) -> Propagated:
        request = Propagate(
            0,
            _NO_IMAGE,
            self._model_id,
            way.sequence,
            dict(known),
            first,
            self._weights,
        )

        def make(ticket: int, image: SharedImage) -> Request:
            return replace(request, ticket=ticket, image=image)

        return cast(Propagated, self._place.ask(name, make, report))


_NO_IMAGE = SharedImage("", "", 0, 0)
