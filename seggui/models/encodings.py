"""What models know of images: looked up in memory, then on the disk, then made."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import fields, is_dataclass

import numpy as np

from seggui.core.ports import PromptedModel, Report, StoredEncodings
from seggui.files.encodings import EncodingFolder
from seggui.jobs.messages import SharedImage
from seggui.jobs.shared import AttachedImages
from seggui.models.interrupting import interruptible

_MOST_MEMORY_BYTES = 1024**3
_MOST_SIZES = 4096
"""Files whose size is remembered."""


class EncodedImages:
    """The encoding of an image by a model, made once where that is possible.

    Encodings outlive the image they are of: coming back to an image finds it ready.
    """

    def __init__(
        self,
        images: AttachedImages,
        memory: Encodings,
        folder: EncodingFolder | None = None,
    ) -> None:
        self._images = images
        self._memory = memory
        self._folder = folder
        self._sizes: dict[tuple[str, str], int] = {}
        """Bytes of the arrays that were written or read, by image and model."""

    @property
    def note(self) -> str:
        """A sentence while encodings cannot be kept on the disk; else empty."""
        return "" if self._folder is None else self._folder.problem

    def get(self, model: PromptedModel, image: SharedImage, report: Report) -> object:
        """The encoding of the image; encodes it when it is not known."""
        known = self._memory.get(image.key, _name_of(model))
        if known is None:
            known = self._from_disk(model, image)
        if known is None:
            with interruptible(report, "Encoding the image"):
                known = model.encode(self._images.get(image), report)
            self._to_disk(model, image, known)
        self._memory.put(image.key, _name_of(model), known)
        return known

    def make_ready(
        self, model: PromptedModel, image: SharedImage, report: Report
    ) -> None:
        """See to it that ``get`` is quick later; what is on the disk stays there."""
        stored = _stored(model)
        if stored and self._folder and self._folder.has(image.key, stored.digest):
            return
        self.get(model, image, report)

    def seen_more(
        self, model: PromptedModel, image: SharedImage, encoding: object
    ) -> None:
        """Take note that an encoding may have grown by a closer look."""
        before = self._memory.size(image.key, _name_of(model))
        self._memory.put(image.key, _name_of(model), encoding)
        if self._memory.size(image.key, _name_of(model)) > before:
            # Not all that grew is for the disk.
            self._to_disk(model, image, encoding, unless_as_large=True)

    def bytes_on_disk(self, model: PromptedModel, image: SharedImage) -> int:
        """How large its file is; 0 when it is not kept there."""
        stored = _stored(model)
        if stored is None or self._folder is None:
            return 0
        return self._folder.size(image.key, stored.digest)

    def clear(self) -> None:
        """Give the memory back; what is on the disk stays."""
        self._memory.clear()

    def _from_disk(self, model: PromptedModel, image: SharedImage) -> object | None:
        stored = _stored(model)
        if stored is None or self._folder is None:
            return None
        arrays = self._folder.get(image.key, stored.digest)
        if arrays is None:
            return None
        try:
            known = stored.unpack(arrays, self._images.get(image))
            self._note_size((image.key, stored.digest), bytes_of(dict(arrays)))
            return known
        except ValueError:
            # Whole, but not what this model makes: as good as not there.
            self._folder.drop(image.key, stored.digest)
            return None

    def _to_disk(
        self,
        model: PromptedModel,
        image: SharedImage,
        encoding: object,
        *,
        unless_as_large: bool = False,
    ) -> None:
        stored = _stored(model)
        if stored is None or self._folder is None:
            return
        arrays = stored.pack(encoding)
        name = (image.key, stored.digest)
        nbytes = sum(array.nbytes for array in arrays.values())
        if unless_as_large and self._sizes.get(name) == nbytes:
            return
        self._folder.put(*name, arrays)
        self._note_size(name, nbytes)

    def _note_size(self, name: tuple[str, str], nbytes: int) -> None:
        self._sizes[name] = nbytes
        if len(self._sizes) > _MOST_SIZES:
            # Whoever comes back to the oldest writes its file once more.
            del self._sizes[next(iter(self._sizes))]


def _name_of(model: PromptedModel) -> str:
    """What its encodings are remembered by: other weights see other things."""
    stored = _stored(model)
    return model.info.id if stored is None else stored.digest


def _stored(model: PromptedModel) -> StoredEncodings | None:
    return model if isinstance(model, StoredEncodings) else None


class Encodings:
    """What models know of images, the last used up to a number of bytes."""

    def __init__(self, most_bytes: int | None = None) -> None:
        """Without a number it is an eighth of the machine's memory, at most 1 GB."""
        self._most_bytes = _eighth_of_memory() if most_bytes is None else most_bytes
        self._values: OrderedDict[tuple[str, str], tuple[object, int]] = OrderedDict()

    @property
    def nbytes(self) -> int:
        return sum(size for _, size in self._values.values())

    def get(self, image_key: str, model: str) -> object | None:
        found = self._values.get((image_key, model))
        if found is None:
            return None
        self._values.move_to_end((image_key, model))
        return found[0]

    def size(self, image_key: str, model: str) -> int:
        """About how many bytes that one takes; 0 when it is not here."""
        return self._values.get((image_key, model), (None, 0))[1]

    def put(self, image_key: str, model: str, encoding: object) -> None:
        """Keep it, and drop the oldest others until all fit."""
        self._values[image_key, model] = (encoding, bytes_of(encoding))
        self._values.move_to_end((image_key, model))
        while self.nbytes > self._most_bytes and len(self._values) > 1:
            self._values.popitem(last=False)

    def clear(self) -> None:
        self._values.clear()


def bytes_of(value: object) -> int:
    """About how much memory the arrays and tensors inside a value take."""
    seen: set[int] = set()
    waiting, total = [value], 0
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        size = getattr(item, "nbytes", None)
        if isinstance(size, int | np.integer):
            total += int(size)
        else:
            waiting.extend(_inside(item))
    return total


def _inside(item: object) -> list[object]:
    if isinstance(item, dict):
        return list(item.values())
    if isinstance(item, list | tuple | set | frozenset):
        return list(item)
    if is_dataclass(item):
        named = [getattr(item, field.name) for field in fields(item)]
        return [*named, *getattr(item, "__dict__", {}).values()]
    # Sparse matrices of SciPy and plain objects keep their arrays here.
    return list(getattr(item, "__dict__", {}).values())


def _eighth_of_memory() -> int:
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _MOST_MEMORY_BYTES // 2
    return min(_MOST_MEMORY_BYTES, machine // 8)
