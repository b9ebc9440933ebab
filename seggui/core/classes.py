"""What segments are: named, coloured classes with ids.

Id 0 is the background and 255 means unlabelled in index images, so neither can be
the id of a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from seggui.errors import BadRequest

BACKGROUND = 0
UNLABELLED = 255
LARGEST_CLASS_ID = 65534

Rgb = tuple[int, int, int]

# Ten hues that stay apart for most kinds of colour blindness (after Paul Tol's
# "bright" and "vibrant" schemes, https://personal.sron.nl/~pault/), then turned.
_PALETTE: tuple[Rgb, ...] = (
    (0, 119, 187),
    (238, 119, 51),
    (0, 153, 136),
    (204, 51, 17),
    (238, 51, 119),
    (170, 51, 119),
    (34, 136, 51),
    (204, 187, 68),
    (102, 204, 238),
    (136, 102, 204),
)


def colour_number(index: int) -> Rgb:
    """Return the default colour of the class at that place, from 0."""
    red, green, blue = _PALETTE[index % len(_PALETTE)]
    turn = index // len(_PALETTE) % 3
    return ((red, green, blue), (green, blue, red), (blue, red, green))[turn]


@dataclass(frozen=True, slots=True)
class SegClass:
    """A class: what a segment is."""

    id: int
    name: str
    colour: Rgb
    thing: bool = True
    """True for countable objects, False for stuff such as sky or road."""
    extra: Mapping[str, object] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.id in (BACKGROUND, UNLABELLED) or not 0 < self.id <= LARGEST_CLASS_ID:
            raise BadRequest(
                f"A class cannot have the id {self.id}; 1 to {LARGEST_CLASS_ID} "
                "without 255 are free."
            )
        if not self.name.strip():
            raise BadRequest("A class needs a name.")


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a project, in the order they are shown."""

    rows: tuple[SegClass, ...] = ()

    def __post_init__(self) -> None:
        for what in ("id", "name"):
            seen: set[object] = set()
            for row in self.rows:
                value: object = getattr(row, what)
                if value in seen:
                    raise BadRequest(f"Two classes have the {what} {value}.")
                seen.add(value)

    def __iter__(self) -> Iterator[SegClass]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, class_id: int) -> SegClass | None:
        return next((row for row in self.rows if row.id == class_id), None)

    def named(self, name: str) -> SegClass | None:
        """The class of that name; upper and lower case count as different."""
        return next((row for row in self.rows if row.name == name), None)

    @property
    def free_id(self) -> int:
        """The smallest id no class has."""
        used = {row.id for row in self.rows} | {BACKGROUND, UNLABELLED}
        return next(i for i in range(1, LARGEST_CLASS_ID + 1) if i not in used)

    def added(self, name: str, *, thing: bool = True) -> Classes:
        """Return the classes with a new one at the end, its id and colour chosen."""
        row = SegClass(self.free_id, name.strip(), colour_number(len(self.rows)), thing)
        return Classes((*self.rows, row))

    def changed(self, row: SegClass) -> Classes:
        """Return the classes with the one of that id replaced."""
        return Classes(tuple(row if old.id == row.id else old for old in self.rows))

    def renamed(self, class_id: int, name: str) -> Classes:
        old = self.get(class_id)
        if old is None:
            raise BadRequest(f"There is no class with the id {class_id}.")
        return self.changed(replace(old, name=name.strip()))

    def removed(self, class_id: int) -> Classes:
        return Classes(tuple(row for row in self.rows if row.id != class_id))
