"""What ``seggui refine`` finds at a path, and how each piece of it is refined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.cli.image_paths import images_at
from seggui.cli.out_place import check_out
from seggui.cli.refine_masks import Refiner
from seggui.core.classes import UNLABELLED, Rgb
from seggui.core.document import Document, ImageFacts
from seggui.core.mask import Mask
from seggui.core.refined import Refinement, with_refined
from seggui.errors import BadRequest, Unreadable
from seggui.files.atomic import make_folder, write_whole
from seggui.files.formats.names import mask_names, stem_of
from seggui.files.formats.painting import painted
from seggui.files.formats.png import ids_of_png, png_of_ids
from seggui.files.formats.values import counts_as_labelled
from seggui.files.images import read_image
from seggui.files.project import Project

_KINDS = ("masks", "instances")
_OBJECT = 255
"""In a mask of nothing but 0 and 255, 255 is the object; elsewhere it is unlabelled."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One image or file; ``run`` gives the number of masks before and after."""

    name: str
    run: Callable[[Refiner], tuple[int, int]]
    writes: str = ""
    """Path of its file below the folder for results; empty where there is none."""


@contextmanager
def works_at(path: Path, out: Path | None, image: Path | None) -> Iterator[list[Work]]:
    """Find what to refine at a path; without ``out`` the project itself changes."""
    if path.is_file():
        name = f"{path.stem}.png"
        target = _needed(out, path) / name
        _check_apart(target, path, image)
        yield [Work(path.name, partial(_file, path, target, image), name)]
        return
    if not path.is_dir():
        raise BadRequest(f"There is no file or folder {path}.")
    if out is not None:
        check_out(out, path)
    if image is not None:
        raise BadRequest("--image goes with a single mask, not with a folder.")
    if _is_pairs(path):
        yield _pairs(path, _needed(out, path))
        return
    with Project.open_or_refuse(path, to_change=out is None) as project:
        names = [row.name for row in project.images if row.segments]
        if out is not None:
            names = [name for name in names if _is_labelled(project, name)]
        if not names:
            raise BadRequest(f"No image of {path} has accepted segments to refine.")
        if out is None:
            yield [Work(name, partial(_into_project, project, name)) for name in names]
            return
        targets = mask_names([row.name for row in project.images], "masks")
        yield [
            Work(
                name,
                partial(_out_of_project, project, name, out / targets[name]),
                targets[name],
            )
            for name in names
        ]


def _needed(out: Path | None, path: Path) -> Path:
    if out is None:
        raise BadRequest(f"{path} is no project; name a folder with --out.")
    return out


def _is_pairs(path: Path) -> bool:
    if (path / "seggui.json").is_file() or not (path / "images").is_dir():
        return False
    return any((path / kind).is_dir() for kind in _KINDS)


# -- projects ---------------------------------------------------------------------


def _is_labelled(project: Project, name: str) -> bool:
    """Candidates alone say nothing of an image: its mask would teach background."""
    try:
        document = project.read_document(name)
    except Unreadable:
        return True  # It is named when its turn comes.
    return document is not None and counts_as_labelled(document)


def _into_project(project: Project, name: str, refiner: Refiner) -> tuple[int, int]:
    counts = (0, 0)

    def change(document: Document) -> Document:
        nonlocal counts
        after = _refined(project, document, refiner)
        counts = (len(after), sum(len(masks) for _, masks in after.values()))
        return with_refined(document, after)

    project.edit(name, f"Refined: {refiner.recipe.text()}", change)
    return counts


def _out_of_project(
    project: Project, name: str, target: Path, refiner: Refiner
) -> tuple[int, int]:
    document = project.read_document(name)
    if document is None:
        return (0, 0)
    after = with_refined(document, _refined(project, document, refiner)).accepted
    ids_hw = painted(document.image, [(s.class_id, s.mask) for s in after])
    colours = {0: (0, 0, 0)} | {row.id: row.colour for row in project.classes}
    _write(target, ids_hw, colours)
    return (len(document.accepted), len(after))


def _refined(project: Project, document: Document, refiner: Refiner) -> Refinement:
    """Locked segments and candidates are left alone."""
    segments = [s for s in document.accepted if not s.locked]
    name = document.image.name
    image_hwc = None
    if refiner.recipe.needs_image and segments:
        image_hwc = project.read_pixels(name).display_hwc()
    masks = refiner.refined(name, [s.mask for s in segments], image_hwc)
    return {s.id: (s.mask, new) for s, new in zip(segments, masks, strict=True)}


# -- files ------------------------------------------------------------------------


def _pairs(path: Path, out: Path) -> list[Work]:
    works = []
    for image in images_at(path / "images"):
        for kind in _KINDS:
            name = f"{kind}/{stem_of(image.name)}.png"
            if (path / name).is_file():
                _check_apart(out / name, path / name, image.path)
                work = partial(_file, path / name, out / name, image.path)
                works.append(Work(name, work, name))
    if not works:
        raise BadRequest(f"No image in {path / 'images'} has a mask of its name.")
    return works


def _check_apart(target: Path, *sources: Path | None) -> None:
    for source in sources:
        if source is not None and target.exists() and target.samefile(source):
            raise BadRequest(
                f"The refined mask would take the place of {source} itself. Choose "
                "another folder for --out."
            )


def _file(
    path: Path, target: Path, image: Path | None, refiner: Refiner
) -> tuple[int, int]:
    """Refine each class or instance of a PNG of ids; later ids lie on top."""
    ids_hw, colours = ids_of_png(path)
    wide = path.parent.name == "instances" or int(ids_hw.max(initial=0)) > _OBJECT
    numbers = [int(number) for number in np.unique(ids_hw) if number]
    single = numbers == [_OBJECT] and not wide
    if not wide and not single:
        numbers = [number for number in numbers if number != UNLABELLED]
    masks = [Mask.from_dense(ids_hw == number) for number in numbers]
    refined = refiner.refined(str(path), masks, _image_of(path, image, ids_hw, refiner))
    height, width = ids_hw.shape
    layers = _numbered(numbers, refined, apart=wide)
    new_hw = painted(ImageFacts(path.name, width, height, ""), layers)
    if not wide and not single:
        new_hw[ids_hw == UNLABELLED] = UNLABELLED
    _write(target, new_hw, colours, wide=wide)
    return (len(numbers), len(layers))


def _image_of(
    path: Path, image: Path | None, ids_hw: NDArray[np.uint16], refiner: Refiner
) -> NDArray[np.uint8] | None:
    if image is None or not refiner.recipe.needs_image:
        return None
    image_hwc = read_image(image).display_hwc()
    if image_hwc.shape[:2] != ids_hw.shape:
        raise BadRequest(
            f"The mask {path} of {ids_hw.shape[1]} x {ids_hw.shape[0]} pixels does not "
            f"fit its image {image} of {image_hwc.shape[1]} x {image_hwc.shape[0]}."
        )
    return image_hwc


def _numbered(
    numbers: Sequence[int], refined: Sequence[tuple[Mask, ...]], *, apart: bool
) -> list[tuple[int, Mask]]:
    """Parts of a class share its id; parts of an instance get ids of their own."""
    layers = []
    free = max(numbers, default=0) + 1
    for number, masks in zip(numbers, refined, strict=True):
        for place, mask in enumerate(masks):
            if apart and place:
                number, free = free, free + 1
            layers.append((number, mask))
    return layers


def _write(
    target: Path,
    ids_hw: NDArray[np.uint16],
    colours: Mapping[int, Rgb],
    *,
    wide: bool = False,
) -> None:
    make_folder(target.parent)
    if wide or int(ids_hw.max(initial=0)) > _OBJECT:
        write_whole(target, png_of_ids(ids_hw))
    else:
        write_whole(target, png_of_ids(ids_hw.astype(np.uint8), colours or None))
