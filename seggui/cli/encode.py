"""``seggui encode``: let a model look at images now, so that clicks are quick later."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seggui.cli.image_paths import NamedImage, images_at, left_out, none_done
from seggui.cli.progress import bar
from seggui.errors import BadRequest, SegguiError
from seggui.files.atomic import size_in_words
from seggui.files.encodings import EncodingFolder, own_folder
from seggui.files.images import file_digest, split_page
from seggui.files.project import Project

if TYPE_CHECKING:
    from seggui.core.ports import PromptedModel, StoredEncodings

HELP = (
    "Let a model for clicks look at every image of a folder and keep what it saw in "
    "the user's cache, so that opened images are ready for the first click. What is "
    "there already is passed over; `seggui doctor` says where it lies and how large "
    "it is."
)


@dataclass(slots=True)
class _Count:
    encoded: int = 0
    known: int = 0
    nbytes: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="an image, a folder or a project")
    parser.add_argument(
        "--model",
        metavar="ID",
        help="a model for clicks (default: the best at hand)",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )


def run(options: argparse.Namespace) -> int:
    from seggui.core.ports import StoredEncodings
    from seggui.models import catalog

    images = list(_images(options.path))
    model_id = options.model or catalog.best_prompted().id
    model = catalog.open_prompted(model_id, options.weights)
    folder = own_folder()
    # How large one is shows at the first; here, whether there is one at all.
    least = 1 if isinstance(model, StoredEncodings) else 0
    folder.check_room(len(images), least, model.info.title)
    assert isinstance(model, StoredEncodings)
    count = _Count()
    refused: list[str] = []
    with bar(len(images), "encoding") as progress:
        for place, image in enumerate(images):
            progress.report(place, len(images), image.name)
            with left_out(refused):
                _encode(image, model, model, folder, count)
            if count.encoded == 1:
                each = count.nbytes
                folder.check_room(len(images), each, model.info.title)
    if len(refused) == len(images):
        raise none_done(images)
    _print(options, model_id, folder, count, refused)
    return 1 if refused else 0


def _images(path: Path) -> Iterator[NamedImage]:
    """All images; of files with several pages every page."""
    if not path.is_dir():
        yield from images_at(path)
        return
    with Project.open_or_refuse(path, to_change=False) as project:
        if not project.images:
            raise BadRequest(f"There are no images in {path}.")
        for row in project.images:
            yield NamedImage(row.name, project.path_of(row.name))


def _encode(
    image: NamedImage,
    model: PromptedModel,
    stored: StoredEncodings,
    folder: EncodingFolder,
    count: _Count,
) -> None:
    key = f"{file_digest(image.path)}#{split_page(image.name)[1]}"
    # Read and not only looked for: a damaged one is removed and made again.
    if folder.get(key, stored.digest) is not None:
        count.known += 1
        return
    encoding = model.encode(image.display_hwc(), lambda *_: None)
    if not folder.put(key, stored.digest, stored.pack(encoding)):
        if folder.problem:
            raise SegguiError(folder.problem)
        folder.check_room(1, 1, model.info.title)  # It was turned off meanwhile.
    count.encoded += 1
    count.nbytes += folder.size(key, stored.digest)


def _print(
    options: argparse.Namespace,
    model_id: str,
    folder: EncodingFolder,
    count: _Count,
    refused: list[str],
) -> None:
    if options.json:
        result = {
            "model": model_id,
            "folder": str(folder.folder),
            "encoded": count.encoded,
            "known": count.known,
            "bytes": count.nbytes,
            "refused": refused,
        }
        sys.stdout.write(json.dumps(result) + "\n")
        return
    images = "1 image" if count.encoded == 1 else f"{count.encoded} images"
    parts = [f"{images} encoded by {model_id} ({size_in_words(count.nbytes)})"]
    parts += [f"{count.known} were known"] if count.known else []
    parts += [f"{len(refused)} left out"] if refused else []
    sys.stdout.write(", ".join(parts) + "\n")
