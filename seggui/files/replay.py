"""The line of steps that a journal tells of, rebuilt from the file on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seggui.core.change import Change, applied
from seggui.core.document import Document
from seggui.core.history import BUDGET_BYTES, Step
from seggui.files.annotations import Json
from seggui.files.changes import change_of


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a journal and what leads to it from the one before."""

    after: int | None
    label: str
    when: str
    change: Json


@dataclass(slots=True)
class Tree:
    """Everything a journal says, before any document is known."""

    nodes: dict[int, Node]
    line: list[int]
    """Numbers of the steps from the first to the last that redo can reach."""
    at: int
    """The step that is shown."""
    savings: dict[str, int]
    """Which step each digest of an annotation file was."""


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilt:
    """A history again: its steps, the one shown, and the one on disk."""

    steps: tuple[Step, ...]
    numbers: tuple[int, ...]
    """The number of each step in the journal."""
    at: int
    """Index of the step that is shown."""
    unsaved: int
    """How many gestures lie between the file on disk and the step shown."""
    stopped: bool
    """Whether a damaged step ended it before the one that was shown last."""


def tree_of(entries: Sequence[Json]) -> Tree:
    """Return the steps of a journal; raises ``ValueError`` where they make no sense."""
    if not entries or entries[0].get("t") != "journal":
        raise ValueError("the journal has no beginning")
    first = entries[0]
    try:
        root = int(first["n"])
        node = Node(None, str(first["label"]), str(first["when"]), {})
        tree = Tree({root: node}, [root], root, {str(first["base"]): root})
        for entry in entries[1:]:
            _TAKE[entry["t"]](tree, entry)
    except (KeyError, TypeError) as error:
        raise ValueError("the journal holds an entry that makes no sense") from error
    return tree


def rebuild(
    tree: Tree, start: int, document: Document, budget_bytes: int = BUDGET_BYTES
) -> Rebuilt:
    """Rebuild the steps of a tree from one whose document is known.

    Steps before the one shown are rebuilt as far as the budget for tiles reaches.
    Raises ``ValueError`` when the changes do not fit the document.
    """
    meeting, path = _way_back(tree, start)
    for number in path:
        document = applied(document, _change(tree, number, document, back=True))
    index = tree.line.index(meeting)
    earlier = _walk_back(tree, index, document, budget_bytes)
    later, stopped = _walk_on(tree, index, document)
    first = index - len(earlier)
    documents = [*reversed(earlier), document, *later]
    numbers = tree.line[first : first + len(documents)]
    shown = tree.line.index(tree.at)
    at = min(max(shown - first, 0), len(documents) - 1)
    steps = tuple(
        Step(tree.nodes[number].label, document, tree.nodes[number].when)
        for number, document in zip(numbers, documents, strict=True)
    )
    unsaved = len(path) + abs(first + at - index)
    return Rebuilt(steps, tuple(numbers), at, unsaved, stopped and shown - first > at)


def _take_step(tree: Tree, entry: Json) -> None:
    number, after = int(entry["n"]), int(entry["after"])
    if number in tree.nodes:
        raise KeyError(number)
    place = _place(tree, after)
    del tree.line[place + 1 :]
    tree.line.append(number)
    tree.nodes[number] = Node(
        after, str(entry["label"]), str(entry["when"]), entry["change"]
    )
    tree.at = number


def _take_go(tree: Tree, entry: Json) -> None:
    tree.at = tree.line[_place(tree, int(entry["n"]))]


def _take_saving(tree: Tree, entry: Json) -> None:
    number = int(entry["n"])
    if number not in tree.nodes:
        raise KeyError(number)
    tree.savings[str(entry["sha"])] = number


_TAKE = {"step": _take_step, "go": _take_go, "saving": _take_saving}


def _place(tree: Tree, number: int) -> int:
    try:
        return tree.line.index(number)
    except ValueError:
        raise KeyError(number) from None


def _way_back(tree: Tree, start: int) -> tuple[int, list[int]]:
    """From a step on a forgotten branch to the line: where, and over which steps."""
    on_line = set(tree.line)
    path = []
    while start not in on_line:
        path.append(start)
        before = tree.nodes[start].after
        if before is None:
            raise ValueError("the journal's steps do not hang together")
        start = before
    return start, path


def _change(tree: Tree, number: int, at: Document, *, back: bool) -> Change:
    return change_of(tree.nodes[number].change, at, back=back)


def _walk_back(
    tree: Tree, index: int, document: Document, budget_bytes: int
) -> list[Document]:
    """Documents before that place of the line, the latest first."""
    out: list[Document] = []
    spent = 0
    for number in reversed(tree.line[1 : index + 1]):
        try:
            change = _change(tree, number, document, back=True)
            document = applied(document, change)
        except ValueError:
            break  # older steps cannot be reached; the work itself is whole
        spent += sum(tile_bytes(change))
        if spent > budget_bytes:
            break
        out.append(document)
    return out


def _walk_on(tree: Tree, index: int, document: Document) -> tuple[list[Document], bool]:
    """Documents after that place, and whether a damaged step ended them early."""
    out: list[Document] = []
    for number in tree.line[index + 1 :]:
        try:
            document = applied(document, _change(tree, number, document, back=False))
        except ValueError:
            return out, True
        out.append(document)
    return out, False


def tile_bytes(change: Change) -> Iterable[int]:
    """Bytes of each tile that a change holds."""
    for segment in change.segments:
        for swap in segment.tiles.values():
            yield from (tile.nbytes for tile in swap if tile is not None)
