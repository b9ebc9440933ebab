"""What is on disk about one image, put together: document, journal, and what to say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from seggui.core.document import Document, ImageFacts, State
from seggui.core.history import History
from seggui.errors import SaveFailed, SegguiError, Unreadable
from seggui.files.annotations import Newer, parse_document, parse_newer
from seggui.files.atomic import write_whole
from seggui.files.images import digest_of
from seggui.files.journal import Content, read_journal
from seggui.files.open_document import Opening, put_aside
from seggui.files.replay import Rebuilt, Tree, rebuild, tree_of

_HEAD_BYTES = 4096
_HEAD = re.compile(rb'^ "state": "(open|done)",\n "count": (\d+),\n', re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where the files of one image lie."""

    annotation: Path
    journal: Path


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    document: Document
    digest: str
    read_only: str = ""
    damaged: bool = False
    notes: tuple[str, ...] = ()


def open_image(facts: ImageFacts, places: Places, read_only: str) -> Opening:
    """Put together what is known of an image; raises ``SaveFailed`` only.

    ``read_only`` is why nothing may be changed, empty when it may. Where the
    annotation file cannot be used, it stays as it is and the opening says why.
    """
    found = _read(facts, places.annotation)
    why = read_only or found.read_only
    opening = Opening(
        facts=facts,
        annotation_path=places.annotation,
        journal_path=places.journal,
        history=History(found.document),
        numbers=(0,),
        file_digest=found.digest,
        journal_bytes=0,
        read_only=why,
        damaged=found.damaged and not read_only,
        notes=(*found.notes, *((found.read_only,) if found.read_only else ())),
    )
    return opening if why else _with_journal(opening, found)


def read_saved(path: Path) -> Document | None:
    """The document of an annotation file, None without one; raises ``Unreadable``."""
    try:
        return parse_document(path.read_bytes(), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error


def read_state(path: Path) -> tuple[State, int] | None:
    """State and number of segments from the head of a file; None without one.

    Raises ``Unreadable``. Other programs may write the fields in another order: then
    the whole file is read.
    """
    try:
        with path.open("rb") as stream:
            match = _HEAD.search(stream.read(_HEAD_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error
    if match is not None:
        return ("done" if match[1] == b"done" else "open"), int(match[2])
    document = read_saved(path)
    return None if document is None else (document.state, len(document.segments))


def unsaved_work(places: Places) -> bool:
    """Whether a journal holds work that its annotation file does not."""
    try:
        content = read_journal(places.journal)
        tree = tree_of(content.entries)
        digest = _digest_on_disk(places.annotation)
    except (SegguiError, ValueError):
        return False
    return tree.savings.get(digest) != tree.at


def _digest_on_disk(path: Path) -> str:
    try:
        return digest_of(path.read_bytes())
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unreadable(path, error.strerror or "the disk failed") from error


def _read(facts: ImageFacts, path: Path) -> _Found:
    blank = Document(facts)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _Found(blank, "")
    except OSError as error:
        broken = Unreadable(path, error.strerror or "the disk failed")
        return _Found(blank, "", _kept(broken))
    digest = digest_of(data)
    try:
        document = parse_document(data, path)
    except Newer as error:
        shown = parse_newer(data, path)
        fits = shown is not None and _same_size(shown.image, facts)
        document = shown if shown is not None and fits else blank
        return _Found(document, digest, _kept(error))
    except Unreadable as error:
        return _Found(blank, digest, _kept(error), damaged=True)
    had = document.image
    if not _same_size(had, facts):
        why = (
            f"The segments of {facts.name} were made on an image of {had.width} x "
            f"{had.height} pixels, but the file now has {facts.width} x "
            f"{facts.height}. They are kept in {path} and not shown; bring the old "
            "image back to work on them."
        )
        return _Found(blank, digest, why, damaged=True)
    notes: tuple[str, ...] = ()
    if had.digest != facts.digest:
        notes = (
            f"The file of {facts.name} changed since its segments were made; its size "
            "is the same. Check that they still fit.",
        )
    return _Found(replace(document, image=facts), digest, notes=notes)


def _same_size(a: ImageFacts, b: ImageFacts) -> bool:
    return (a.width, a.height) == (b.width, b.height)


def _kept(error: Unreadable) -> str:
    return f"{error} It is opened read-only and stays as it is."


def _with_journal(opening: Opening, found: _Found) -> Opening:
    path = opening.journal_path
    if not path.exists():
        return opening
    try:
        content = read_journal(path)
        if not content.entries and not content.lost_bytes:
            return opening  # nothing but a torn first line
        if not content.entries:
            raise ValueError("its beginning is damaged")
        tree = _own_tree(content, opening.facts)
        start = tree.savings.get(found.digest)
        if start is None:
            raise ValueError("the segments on disk are not those it was written for")
        rebuilt = rebuild(tree, start, found.document)
    except (ValueError, Unreadable) as error:
        return _without_journal(opening, str(error))
    notes = list(opening.notes)
    if rebuilt.unsaved:
        notes.append(_recovered_words(opening.facts.name, rebuilt.unsaved))
    if content.lost_bytes or rebuilt.stopped:
        kept = _copied_aside(path)
        notes.append(
            f"A part of the journal {path} is damaged. What comes before it is "
            f"recovered; a copy of all of it is in {kept.name}."
        )
    return replace(
        opening,
        history=_history(rebuilt, found.document),
        numbers=rebuilt.numbers,
        journal_bytes=content.valid_bytes,
        next_number=max(tree.nodes) + 1,
        recovered=rebuilt.unsaved,
        notes=tuple(notes),
    )


def _own_tree(content: Content, facts: ImageFacts) -> Tree:
    first = content.entries[0]
    if first.get("t") == "journal" and first.get("format", 0) != 1:
        raise ValueError("it was written by another version of seggui")
    told = (first.get("width"), first.get("height"), first.get("digest"))
    if told != (facts.width, facts.height, facts.digest):
        raise ValueError("it belongs to another image or an older state of this one")
    return tree_of(content.entries)


def _history(rebuilt: Rebuilt, saved: Document) -> History:
    # The document read from disk is one of the steps when it is on the line, so that
    # "unsaved" stays a question of identity.
    return History.restored(rebuilt.steps, rebuilt.at, saved)


def _without_journal(opening: Opening, reason: str) -> Opening:
    kept = put_aside(opening.journal_path)
    if kept is None:
        return opening
    note = (
        f"The journal of {opening.facts.name} was not used: {reason}. "
        f"It is kept as {kept.name}."
    )
    return replace(opening, notes=(*opening.notes, note))


def _copied_aside(path: Path) -> Path:
    for attempt in range(1000):
        kept = path.with_name(f"{path.name}.kept-damaged-{attempt}")
        if not kept.exists():
            try:
                write_whole(kept, path.read_bytes())
            except OSError as error:
                raise SaveFailed(kept, error.strerror or "the disk failed") from error
            return kept
    raise SaveFailed(path, "too many copies of it are put aside already")


def _recovered_words(name: str, count: int) -> str:
    changes = "1 change" if count == 1 else f"{count} changes"
    were = "was" if count == 1 else "were"
    return (
        f"{changes} of {name} {were} not saved when the program ended last; "
        "they are shown again. Save to keep them."
    )
