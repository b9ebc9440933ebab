"""Where a command may put its masks: never over those that somebody else made."""

from __future__ import annotations

from pathlib import Path

from seggui.errors import BadRequest
from seggui.files.project_file import NAME as PROJECT_FILE

_KINDS = ("masks", "instances")


def check_out(out: Path, source: Path) -> None:
    """Refuse a folder whose own images or masks would be mixed up with the new ones.

    ``source`` is what the command reads. Raises ``BadRequest``.
    """
    folder = out.resolve()
    for above in (folder, *folder.parents):
        if (above / PROJECT_FILE).is_file():
            raise BadRequest(
                f"{out} lies inside the project {above}, where masks would be taken "
                "for images. Choose a folder outside it."
            )
    if (folder / "images").is_dir() and any((folder / k).is_dir() for k in _KINDS):
        raise BadRequest(
            f"{out} holds images with masks of its own, which would be overwritten. "
            "Choose another folder."
        )
    for kind in _KINDS:
        if source.resolve().is_relative_to((folder / kind).resolve()):
            raise BadRequest(
                f"{source} lies in {out / kind}, where the new {kind} would be written "
                "over it. Choose another folder."
            )
    if source.is_dir() and folder == source.resolve():
        raise BadRequest(
            f"{out} is the folder of the images themselves. Choose another folder."
        )
