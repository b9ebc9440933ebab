"""``seggui propagate``: carry objects from one image to the next or earlier ones."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seggui.cli.out_place import add_replace, check_free, check_out
from seggui.cli.progress import Bar, bar
from seggui.core.candidate import Followed
from seggui.core.document import Document
from seggui.core.mask import Mask
from seggui.core.predicted import UNNAMED, with_classes_of
from seggui.core.segment import new_segment_id
from seggui.core.tracks import (
    OnAnnotated,
    Seed,
    known_on,
    seeds_of,
    with_followed,
    writable,
)
from seggui.errors import BadRequest, SegguiError
from seggui.files.atomic import make_folder, write_whole
from seggui.files.formats.names import mask_names
from seggui.files.formats.png import png_of_ids
from seggui.files.images import probe_image, read_index, split_page
from seggui.files.project import Project
from seggui.jobs.batch import BatchProgress, BatchResult, Lending, run_batch
from seggui.jobs.in_process import InProcessClient
from seggui.jobs.propagation import Direction, Propagation, Range, range_from
from seggui.jobs.shared import SharedImages

HELP = (
    "Carry the objects of one image to the images after it, before it, or both: frames "
    "of a film, slices of a volume. A sequence is the images of a folder in their "
    "order, or the pages of a file. DIR/instances gets a 16-bit PNG for each image, in "
    "which an object keeps its number."
)

Deliver = Callable[[str, Mapping[str, Mask], Mapping[str, Followed]], None]
"""Told of each image: what was known there, and what was found."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a folder of images or a project")
    parser.add_argument(
        "--from",
        dest="start",
        required=True,
        metavar="IMAGE",
        help="where the objects are known; its name in the folder",
    )
    parser.add_argument("--to", metavar="IMAGE", help="the last image to go to")
    parser.add_argument(
        "--frames", type=int, metavar="N", help="go on for N images to a side"
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--backward", action="store_true", help="to the images before it")
    way.add_argument("--both", action="store_true", help="to both sides")
    parser.add_argument(
        "--model",
        metavar="ID",
        help="an id of `seggui models list` (default: the best at hand)",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )
    parser.add_argument(
        "--mask",
        type=Path,
        metavar="PNG",
        help="the objects on IMAGE: 0 and 255, or a number for each of them; without "
        "it the accepted segments of the project there",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the masks")
    add_replace(parser)
    parser.add_argument(
        "--into-project",
        action="store_true",
        help="put what is found into the project, as candidates to accept or reject",
    )
    parser.add_argument(
        "--on-annotated",
        choices=("keep", "add"),
        default="keep",
        help="images of the project that hold accepted segments: keep them as they "
        "are, or add candidates beside these (default: keep)",
    )
    parser.add_argument(
        "--to-the-end",
        action="store_true",
        help="go on when all objects have been out of sight for 3 images",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    from seggui.models import catalog

    _check(options)
    with ExitStack() as stack:
        project = stack.enter_context(
            Project.open_or_refuse(options.folder, to_change=options.into_project)
        )
        names = [row.name for row in project.images]
        start = _name_of(options.start, options.folder, names, "--from")
        images = _range(options, names, start)
        seeds = _seeds(options, project, start)
        model_id = options.model or catalog.best_propagating().id
        rows = _Rows(seeds)
        sinks: list[Deliver] = [rows.put]
        if options.out is not None:
            check_out(options.out, options.folder)
            if options.mask is not None:
                check_out(options.out, options.mask)
            writer = _Writer(options.out, names, seeds)
            written = (start, *images.names)
            check_free(options.out, writer.paths_of(written), replace=options.replace)
            sinks.append(writer.put)
        if options.into_project:
            sinks.append(_into(project, seeds, model_id, start, options, rows.kept))
        masks = {seed.track: seed.mask for seed in seeds}
        if options.out is not None or options.mask is not None:
            found = {t: Followed(mask, 1.0) for t, mask in masks.items()}
            for put in sinks[1:]:
                put(start, {}, found)
        work = Propagation(
            _lending(stack, project),
            model_id,
            start,
            masks,
            images,
            lambda name: known_on(project.read_document(name), list(masks)),
            until_lost=not options.to_the_end,
            weights=str(options.weights or ""),
        )
        stack.callback(work.close)
        progress = stack.enter_context(bar(len(images.names), "propagating"))
        result = _worked(work, images, sinks, progress)
    return _told(options, model_id, start, rows, result, work.lost)


# -- the words of the command line --------------------------------------------


def _check(options: argparse.Namespace) -> None:
    if options.out is None and not options.into_project:
        options.usage_error("say where to: --out DIR, --into-project, or both")
    if options.to and options.frames is not None:
        options.usage_error("--to and --frames both say where to stop; give one")
    if options.to and (options.both or options.backward):
        options.usage_error("--to says the direction itself; leave out the other")
    if options.frames is not None and options.frames < 1:
        options.usage_error("--frames is at least 1")


def _name_of(word: str, folder: Path, names: Sequence[str], flag: str) -> str:
    if word in names:
        return word
    path = Path(word)
    if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
        name = path.resolve().relative_to(folder.resolve()).as_posix()
        if name in names:
            return name
    some = ", ".join(names[:3])
    raise BadRequest(
        f"There is no image {word} in {folder} for {flag}. Its images are {some}"
        f"{' and so on' if len(names) > 3 else ''}."
        if names
        else f"There are no images in {folder}."
    )


def _range(options: argparse.Namespace, names: Sequence[str], start: str) -> Range:
    if not options.to:
        way: Direction = "backward" if options.backward else "forward"
        way = "both" if options.both else way
        return range_from(names, start, way, options.frames or 0)
    end = _name_of(options.to, options.folder, names, "--to")
    both = range_from(names, start, "both")
    if end in both.forward:
        return Range(both.forward[: both.forward.index(end) + 1], ())
    if end in both.backward:
        return Range((), both.backward[: both.backward.index(end) + 1])
    raise BadRequest(
        f"{end} is not in one sequence with {start}: that is the images of one folder, "
        "or the pages of one file."
    )


def _seeds(
    options: argparse.Namespace, project: Project, start: str
) -> tuple[Seed, ...]:
    if options.mask is not None:
        return _seeds_in(options, project, start)
    document = project.read_document(start)
    seeds = seeds_of(document.accepted) if document is not None else ()
    if not seeds:
        raise BadRequest(
            f"The project has no accepted segment on {start}. Segment an object there "
            "first, or give its mask with --mask PNG."
        )
    return seeds


def _seeds_in(
    options: argparse.Namespace, project: Project, start: str
) -> tuple[Seed, ...]:
    """The objects of a mask file."""
    pixels = read_index(options.mask)
    header = probe_image(project.path_of(start), split_page(start)[1])
    if pixels.shape != (header.height, header.width):
        raise BadRequest(
            f"The mask {options.mask} has the shape {pixels.shape[::-1]} and the image "
            f"{start} {header.width} x {header.height} pixels; they do not go together."
        )
    numbers = [int(n) for n in np.unique(pixels) if n]
    if not numbers:
        raise BadRequest(
            f"The mask {options.mask} is empty: there is nothing to carry."
        )
    class_id = 1
    if options.into_project:
        if not project.classes.rows:
            project.set_classes(with_classes_of(project.classes, [UNNAMED]))
        class_id = project.classes.rows[0].id
    return tuple(
        Seed(new_segment_id(), Mask.from_dense(pixels == number), class_id)
        for number in numbers
    )


# -- the work -----------------------------------------------------------------


def _lending(stack: ExitStack, project: Project) -> Lending:
    from seggui.models.host import EngineHost

    client = InProcessClient(EngineHost, lambda reply: None)
    stack.callback(client.close)
    images = SharedImages()
    stack.callback(images.close)

    def read(name: str) -> tuple[str, NDArray[np.uint8]]:
        loaded = project.read_pixels(name)
        return f"{loaded.digest}#{loaded.page}", loaded.display_hwc()

    return Lending(client, images, itertools.count(1).__next__, read)


def _worked(
    work: Propagation, images: Range, sinks: Sequence[Deliver], progress: Bar
) -> BatchResult:
    def tell(state: BatchProgress) -> None:
        progress.report(state.done, state.total, state.name or "done")

    def deliver(name: str, found: Mapping[str, Followed]) -> None:
        for put in sinks:
            put(name, work.known, found)

    return run_batch(images.names, work, deliver, tell)


def _into(
    project: Project,
    seeds: Sequence[Seed],
    model_id: str,
    start: str,
    options: argparse.Namespace,
    kept: list[str],
) -> Deliver:
    how: OnAnnotated = options.on_annotated

    def put(
        name: str, _known: Mapping[str, Mask], found: Mapping[str, Followed]
    ) -> None:
        def change(document: Document) -> Document:
            if not writable(document, how):
                kept.append(name)
            return with_followed(document, found, seeds, model_id, start, how)

        project.edit(name, f"Propagated from {start}", change)

    return put


class _Writer:
    """Writes the objects of each image as numbers in a 16-bit picture."""

    def __init__(self, out: Path, names: Sequence[str], seeds: Sequence[Seed]) -> None:
        self._out = out
        self._paths = mask_names(names, "instances")
        self._numbers = {seed.track: n for n, seed in enumerate(seeds, start=1)}

    def paths_of(self, names: Sequence[str]) -> list[str]:
        return [self._paths[name] for name in names]

    def put(
        self, name: str, known: Mapping[str, Mask], found: Mapping[str, Followed]
    ) -> None:
        masks = {**{track: one.mask for track, one in found.items()}, **known}
        some = next(iter(masks.values()))
        ids = np.zeros((some.height, some.width), np.uint16)
        for track, mask in masks.items():
            box = mask.bbox
            ids[box.slices][mask.window(box)] = self._numbers[track]
        path = self._out / self._paths[name]
        make_folder(path.parent)
        write_whole(path, png_of_ids(ids))


# -- what is told -------------------------------------------------------------


class _Rows:
    """What became of each image, as it is printed."""

    def __init__(self, seeds: Sequence[Seed]) -> None:
        self._numbers = {seed.track: n for n, seed in enumerate(seeds, start=1)}
        self.images: list[dict[str, object]] = []
        self.kept: list[str] = []
        """Images that are done or hold accepted segments: nothing was put there."""

    def put(
        self, name: str, known: Mapping[str, Mask], found: Mapping[str, Followed]
    ) -> None:
        objects: list[dict[str, object]] = []
        for track, number in self._numbers.items():
            mask = known[track] if track in known else found[track].mask
            score = None if track in known else round(found[track].score, 4)
            objects.append(
                {"object": number, "track": track, "area": mask.area, "score": score}
            )
        self.images.append({"image": name, "objects": objects})


def _told(
    options: argparse.Namespace,
    model_id: str,
    start: str,
    rows: _Rows,
    result: BatchResult,
    lost: Mapping[str, str],
) -> int:
    if not result.done and result.failures:
        raise SegguiError(f"No image was propagated to. {result.failures[0].text}")
    # The same sentence, as of an engine that is not tried again, is said once.
    for text in dict.fromkeys(failure.text for failure in result.failures):
        sys.stderr.write(f"{text} It is left out.\n")
    code = 1 if result.failures else 0
    if options.json:
        content = {
            "model": model_id,
            "from": start,
            "images": rows.images,
            "kept": rows.kept,
            "failed": [failure.text for failure in result.failures],
            "lost_after": lost,
        }
        sys.stdout.write(json.dumps(content) + "\n")
        return code
    for direction, name in lost.items():
        sys.stdout.write(
            f"Going {direction}, nothing was found any more after {name}\n"
        )
    where = options.out or options.folder
    failed = f", {len(result.failures)} failed" if result.failures else ""
    if rows.kept:
        failed += f", {len(rows.kept)} kept as they are (see --on-annotated)"
    sys.stdout.write(
        f"{len(result.done)} images propagated from {start} into {where}{failed}\n"
    )
    return code
