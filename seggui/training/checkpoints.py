"""Checkpoints that are whole or not there, and known to be whole before use."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from seggui.errors import Unreadable
from seggui.files.atomic import make_folder, write_whole

LAST, PREVIOUS, BEST, MANIFEST = "last.pt", "previous.pt", "best.pt", "manifest.json"
KEPT_DIGESTS = 8


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint and, where a newer one was damaged, a sentence on that."""

    content: Mapping[str, object]
    note: str = ""


class Checkpoints:
    """The folder ``checkpoints`` of a run.

    ``manifest.json`` lists the digests of what was written. A new digest is added
    before its file takes its place, so whenever the process dies, each whole file is
    listed and a file cut short or changed is not. Where the list itself is damaged, the
    checksums within the files count.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save_last(self, content: Mapping[str, object]) -> None:
        """Write what a resume needs; the one before stays as ``previous.pt``."""
        data = self._listed(content)
        last = self._folder / LAST
        if last.exists():
            last.replace(self._folder / PREVIOUS)
        write_whole(last, data)

    def save_best(self, content: Mapping[str, object]) -> None:
        write_whole(self._folder / BEST, self._listed(content))

    def load_last(self) -> Loaded | None:
        """The newest checkpoint that is whole, or None when there is none yet.

        Raises ``Unreadable`` when there are some and all are damaged.
        """
        damaged: list[str] = []
        for name in (LAST, PREVIOUS):
            path = self._folder / name
            if not path.exists():
                continue
            content = self._read(path)
            if content is not None:
                return Loaded(content, _note(damaged, name))
            damaged.append(name)
            # Out of the way, so that it never takes the place of a whole one.
            path.replace(path.with_suffix(".damaged"))
        if damaged:
            raise Unreadable(
                self._folder / damaged[0],
                "the checkpoint is damaged and there is no whole one before it",
                "Start the training anew in another folder.",
            )
        return None

    def load_best(self) -> Mapping[str, object] | None:
        """The best weights so far; None when there are none that are whole."""
        path = self._folder / BEST
        return self._read(path) if path.exists() else None

    def _listed(self, content: Mapping[str, object]) -> bytes:
        buffer = io.BytesIO()
        torch.save(dict(content), buffer)
        data = buffer.getvalue()
        make_folder(self._folder)
        digests = [*self._digests(), hashlib.sha256(data).hexdigest()]
        # The best may be much older than the last ones and must stay listed.
        best = self._folder / BEST
        kept = digests[-KEPT_DIGESTS:]
        if best.exists():
            kept = list(dict.fromkeys([*self._best_digest(), *kept]))
        manifest = json.dumps({"sha256": kept}, indent=1)
        write_whole(self._folder / MANIFEST, manifest.encode())
        return data

    def _best_digest(self) -> list[str]:
        digest = hashlib.sha256((self._folder / BEST).read_bytes()).hexdigest()
        return [digest] if digest in self._digests() else []

    def _digests(self) -> list[str]:
        try:
            content = json.loads((self._folder / MANIFEST).read_bytes())
            return [str(digest) for digest in content["sha256"]]
        except (OSError, ValueError, KeyError, TypeError):
            # A damaged list is no damage of what it lists.
            return [
                hashlib.sha256(data).hexdigest()
                for name in (LAST, PREVIOUS, BEST)
                if (path := self._folder / name).is_file()
                and _sums_agree(data := path.read_bytes())
            ]

    def _read(self, path: Path) -> Mapping[str, object] | None:
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() not in self._digests():
            return None
        content: Mapping[str, object] = torch.load(
            io.BytesIO(data), map_location="cpu", weights_only=True
        )
        return content


def _sums_agree(data: bytes) -> bool:
    """Whether a checkpoint is whole by the checksums within it, those of a zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            return parts.testzip() is None
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError, OSError):
        return False


def _note(damaged: list[str], name: str) -> str:
    if not damaged:
        return ""
    return f"The checkpoint {damaged[0]} is damaged; going on from {name} before it."
