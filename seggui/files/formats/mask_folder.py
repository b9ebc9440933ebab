"""A folder of PNG masks, and the note beside them that says what the ids mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seggui.core.document import ImageFacts, State
from seggui.errors import Unreadable
from seggui.files.formats.class_rows import class_of_json
from seggui.files.formats.json_text import json_file, list_in, read_json
from seggui.files.formats.names import ImageNames, trouble_with
from seggui.files.formats.values import FoundClass, Refusal

NOTE = "seggui-masks.json"


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask of an image of the project, and what the note says of it."""

    path: Path
    name: str
    """Relative to the source, with ``/``."""
    facts: ImageFacts
    note: Mapping[str, object]

    @property
    def state(self) -> State | None:
        return "done" if self.note.get("done") is True else None


@dataclass(frozen=True, slots=True)
class MaskFolder:
    """The masks found in a source, and those that cannot be used."""

    files: tuple[MaskFile, ...]
    classes: Mapping[int, FoundClass]
    refused: tuple[Refusal, ...]


def note_bytes(classes: object, images: Mapping[str, object]) -> bytes:
    """The note's text: class rows, and what is to say of each mask file."""
    value = {"format": 1, "classes": classes, "masks": images}
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    return json_file(text + "\n")


def open_folder(source: Path, inner: str, images: tuple[ImageFacts, ...]) -> MaskFolder:
    """Find the masks in a folder or in its folder ``inner``; one PNG does as well.

    Each mask belongs to the image that the note names, else to the one of its name.
    """
    root, note = _note_of(source)
    described, notes = _read_note(note)
    top = source
    if source.is_dir() and (source / inner).is_dir():
        top = source / inner
    names, refused, files = ImageNames(images), [], []
    taken: dict[str, str] = {}
    for path in _pngs(top):
        name = path.relative_to(root).as_posix()
        inside = path.relative_to(top).as_posix() if top.is_dir() else path.name
        entry = notes.get(name, {})
        found = _image_of(entry, inside, names, path, source)
        if isinstance(found, str):
            refused.append(Refusal(name, found))
        elif found.name in taken:
            refused.append(
                Refusal(name, f"{taken[found.name]} is a mask of {found.name} already")
            )
        else:
            taken[found.name] = name
            files.append(MaskFile(path, name, found, entry))
    missing = sorted(set(notes) - {file.name for file in files})
    known = {refusal.file for refusal in refused}
    refused += [
        Refusal(name, f"{note.name} names it, but it is not there")
        for name in missing
        if name not in known
    ]
    if not files and not refused and not note.is_file():
        raise Unreadable(source, "there is no PNG mask in it")
    return MaskFolder(tuple(files), described, tuple(refused))


def _note_of(source: Path) -> tuple[Path, Path]:
    if not source.exists():
        raise Unreadable(source, "there is no such file or folder")
    root = source if source.is_dir() else source.parent
    for folder in (root, root.parent):
        if (folder / NOTE).is_file():
            return folder, folder / NOTE
    return root, root / NOTE


def _read_note(
    note: Path,
) -> tuple[dict[int, FoundClass], dict[str, Mapping[str, object]]]:
    if not note.is_file():
        return {}, {}
    value = read_json(note)
    masks = value.get("masks") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(masks, Mapping):
        raise Unreadable(note, "it does not say which masks there are")
    described: dict[int, FoundClass] = {}
    for entry in list_in(value, "classes"):
        row = class_of_json(entry)
        if row is None:
            raise Unreadable(note, "one of its classes has no id")
        if row.id in described:
            raise Unreadable(note, f"it describes the class {row.id} twice")
        described[row.id] = row
    return described, {
        name: entry for name, entry in masks.items() if isinstance(entry, Mapping)
    }


def _pngs(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    yield from sorted(p for p in top.rglob("*") if p.suffix.lower() == ".png")


def _image_of(
    entry: Mapping[str, object],
    inside: str,
    names: ImageNames,
    path: Path,
    source: Path,
) -> ImageFacts | str:
    # A link in the folder could lead anywhere on the disk.
    within = source.resolve() if source.is_dir() else source.resolve().parent
    if not path.resolve().is_relative_to(within):
        return "it is a link that leads outside the folder"
    named = entry.get("image")
    if named is None:
        return names.of_mask(inside)
    trouble = trouble_with(named)
    return trouble if trouble else names.of_image(str(named))
