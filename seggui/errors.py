"""Errors that people can act on.

    SegguiError
    ├── Unreadable          a file that cannot be read as what it should be
    ├── InvalidMask         mask data that contradicts itself
    ├── SaveFailed          a file that could not be written; the old one is unchanged
    ├── ReadOnly            an edit or save where only looking is allowed
    ├── MissingWeights      a model without its weights file
    ├── BadRequest          options or prompts that make no sense
    └── EngineLost          the engine process ended during a request

The text of a ``SegguiError`` is a finished sentence: what happened, to which file,
why, what is safe, and what to do next. It is shown as written, in one place.
Anything else that is raised is a bug of ours. ``Cancelled`` is neither.
"""

from __future__ import annotations

from pathlib import Path


class SegguiError(Exception):
    """Something the user can act on. Its text is shown as written."""


class Unreadable(SegguiError):
    """A file that cannot be read as what it should be."""

    def __init__(self, path: Path | str, reason: str, safe: str = "") -> None:
        text = f"Could not read {path}: {reason.removesuffix('.')}."
        super().__init__(f"{text} {safe}".rstrip())
        self.path = Path(path)
        self.reason = reason


class InvalidMask(SegguiError):
    """Mask data that contradicts itself; refused before anything decodes it."""


class SaveFailed(SegguiError):
    """A file that could not be written. What was there before is unchanged."""

    def __init__(self, path: Path | str, reason: str, safe: str = "") -> None:
        safe = safe or "The file on disk is unchanged and your work is still open."
        super().__init__(f"Could not save {path}: {reason.removesuffix('.')}. {safe}")
        self.path = Path(path)
        self.reason = reason


class ReadOnly(SegguiError):
    """An edit or save where only looking is allowed."""


class MissingWeights(SegguiError):
    """A model without its weights file."""


class BadRequest(SegguiError):
    """Options or prompts that make no sense."""


class EngineLost(SegguiError):
    """The engine process ended during a request."""


class Cancelled(Exception):
    """Raised inside work that nobody waits for any more."""
