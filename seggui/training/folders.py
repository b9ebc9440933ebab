"""Which kind of folder it is, and what there is to learn from in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seggui.core.ports import Report
from seggui.errors import BadRequest
from seggui.training.pairs import is_pairs, open_pairs
from seggui.training.project_items import is_project, open_project
from seggui.training.samples import LabelledImages


def open_labelled(
    folder: Path, ignored_ids: Sequence[int], report: Report
) -> LabelledImages:
    """Everything labelled in a project or in a folder of pairs, as it is now."""
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {folder}.")
    if is_project(folder):
        return open_project(folder, ignored_ids, report)
    if is_pairs(folder):
        return open_pairs(folder, ignored_ids, report)
    raise BadRequest(
        f"{folder} holds nothing to learn from: neither a project (seggui.json) nor "
        "the folders images and masks (or instances)."
    )
