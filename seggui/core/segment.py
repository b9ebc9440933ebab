"""A segment: one labelled mask, and where it came from."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Literal

from seggui.core.mask import Mask

Status = Literal["accepted", "candidate"]
"""A candidate is shown but counts for nothing until someone accepts it."""


def new_segment_id() -> str:
    return secrets.token_hex(6)


def now_iso() -> str:
    """The time of day with its zone, to the second, as stored in files."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Source:
    """Which tool, model and prompts made a segment, and how long it took."""

    tool: str
    model: str = ""
    prompts: tuple[Mapping[str, object], ...] = ()
    """Prompts as ``Prompt.as_json`` gives them, in the order they were asked."""
    seconds: float = 0.0
    """Time of the person, from the first gesture to the acceptance."""
    score: float | None = None
    created: str = field(default_factory=now_iso)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One labelled mask with class, status and provenance.

    Its order is its place in the document: later segments lie on top.
    """

    mask: Mask
    class_id: int
    source: Source
    id: str = field(default_factory=new_segment_id)
    name: str = ""
    status: Status = "accepted"
    locked: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)
    """Fields of the file that this version does not know; written back as read."""

    @property
    def accepted(self) -> bool:
        return self.status == "accepted"


def told_model(model: str) -> str:
    """What segments say of the model that made them: its id, or the name of its run."""
    name = PurePath(model).name
    return model if name == model else f"runs/{name}"
