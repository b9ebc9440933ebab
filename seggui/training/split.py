"""Which images are learnt from and which are kept apart to measure on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from seggui.errors import BadRequest
from seggui.training.samples import Item

_LAST_NUMBER = re.compile(r"\d+(?=\D*$)")
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Split:
    """Places in the list of items."""

    training: tuple[int, ...]
    validation: tuple[int, ...]
    note: str = ""
    """A sentence where the split is weaker than it should be."""


def sequence_of(item: Item) -> str:
    """The folder and name of an image without the last number in its name.

    Frames of one film or slices of one stack differ in that number only.
    """
    stem = PurePosixPath(item.name).stem
    return f"{item.folder}/{_LAST_NUMBER.sub('#', stem, count=1)}"


GROUPS: Mapping[str, Callable[[Item], str]] = {
    "sequence": sequence_of,
    "folder": lambda item: item.folder,
    "none": lambda item: item.name,
}


def split(items: Sequence[Item], part: float, seed: int, group_by: str) -> Split:
    """Split so that no group lies on both sides; the same seed splits the same.

    When all images are one group, the last of them in the order of their numbers are
    kept apart: neighbours in time then meet at one place only.
    """
    if len(items) < 2:
        only = f"1, {items[0].name}" if items else "none"
        raise BadRequest(
            f"Training needs at least two labelled images and found {only}: one to "
            "learn from and one to measure on."
        )
    groups: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        groups[GROUPS[group_by](item)].append(place)
    wanted = min(max(1, round(part * len(items))), len(items) - 1)
    if len(groups) == 1:
        return _end_of_one_group(items, wanted)
    chosen = _groups_for(sorted(groups.values()), wanted, seed)
    validation = sorted(place for group in chosen for place in group)
    training = [place for place in range(len(items)) if place not in set(validation)]
    return Split(tuple(training), tuple(validation))


def _groups_for(groups: list[list[int]], wanted: int, seed: int) -> list[list[int]]:
    """Choose whole groups of about ``wanted`` places together, never all groups."""
    order = np.random.default_rng(seed).permutation(len(groups))
    chosen: list[list[int]] = []
    count = 0
    for index in order:
        group = groups[index]
        if count < wanted and count + len(group) <= 1.5 * wanted:
            chosen.append(group)
            count += len(group)
    if not chosen:
        chosen.append(min((groups[index] for index in order), key=len))
    return chosen[: len(groups) - 1]


def _end_of_one_group(items: Sequence[Item], wanted: int) -> Split:
    order = sorted(range(len(items)), key=lambda place: _natural(items[place].name))
    return Split(
        tuple(sorted(order[:-wanted])),
        tuple(sorted(order[-wanted:])),
        f"All images seem to be one sequence, so the last {wanted} of {len(items)} are "
        "measured on. If they are not, train with 'Keep together' at none: --group-by "
        "none of seggui train, for clicks with --model clicknet.",
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts frame 10 behind frame 9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in _NUMBERS.split(name)
        if part
    ]
