"""The doors to models: what the rest of the program asks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, Followed, Prediction
from seggui.core.mask import Mask
from seggui.core.parameters import Parameter, Settings
from seggui.core.prompt import Part, Prompt

Kind = Literal["prompted", "propagating", "semantic", "instance", "panoptic"]

Report = Callable[[int, int, str], None]
"""``report(done, total, what)`` tells how far work is, and raises ``Cancelled`` when
nobody waits for it any more. ``total`` is 0 when it is not known."""


def unwatched(done: int, total: int, what: str) -> None:
    """A report that nobody reads."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A released checkpoint: one file, or a file with others beside it."""

    name: str
    """File name in the model folder; ``folder/file`` for one of a set."""
    url: str
    size_bytes: int | None
    """None where no public source states it."""
    sha256: str
    """Hex digest, or the prefix that a public source states; empty where none does."""
    md5: str = ""
    """Hex digest where a public source states only this one."""
    about_bytes: int = 0
    """The size where public sources state it only rounded."""
    source: str = ""
    """What states the size and the digest, for people."""
    beside: tuple[WeightsFile, ...] = ()
    """Files that the checkpoint cannot be loaded without, in the same folder."""
    access: str = ""
    """Where the publisher is asked for access; empty when anybody may download."""
    folder: str = ""
    """Name of a folder of Hugging Face that will do as well, as a clone is called."""

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """All files of it, the small ones first."""
        return (*self.beside, self)

    @property
    def total_bytes(self) -> int | None:
        """The size of all files; None where one of them is not stated."""
        total = 0
        for file in self.files:
            if file.size_bytes is None:
                return None
            total += file.size_bytes
        return total


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A row of the catalogue; says what a model is without loading it."""

    id: str
    title: str
    kind: Kind
    paper: str = ""
    code_licence: str = ""
    weights_licence: str = ""
    weights: WeightsFile | None = None
    needs_weights: bool = False
    """True when the model can do nothing until a checkpoint is there."""
    trainable: bool = False
    classes: tuple[str, ...] = ()
    """What it finds as it stands; empty when training decides."""
    candidates: int = 1
    """How many candidates a prompt may bring."""
    reads: frozenset[Part] = frozenset(("points", "box"))
    """Which marks a prompted model takes; others are turned into these if they can."""
    parameters: tuple[Parameter, ...] = ()
    """What a person can set of it with each prompt."""
    classical: bool = False
    """A classical method: nothing was learnt, and it is a tool of its own."""
    input_size: str = ""
    run: str = ""
    """The run folder it comes from, relative to the project; empty for built-ins."""


class PromptedModel(Protocol):
    """Turns prompts into candidates. Encode an image once, then ask often."""

    @property
    def info(self) -> ModelInfo: ...

    def encode(self, image_hwc: NDArray[np.uint8], report: Report) -> object:
        """Return what ``decode`` needs to know of an RGB image, axes (y, x, 3)."""
        ...

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        """Return candidates in image pixels, the best first; at least one.

        Raises ``BadRequest`` for a prompt that makes no sense on this image.
        """
        ...


@runtime_checkable
class StoredEncodings(Protocol):
    """A prompted model whose encodings are worth a place on the disk."""

    @property
    def digest(self) -> str:
        """Names the weights and the way of encoding; a change of either changes it."""
        ...

    def pack(self, encoding: object) -> Mapping[str, NDArray[Any]]:
        """The encoding as arrays of half precision or whole numbers."""
        ...

    def unpack(
        self, arrays: Mapping[str, NDArray[Any]], image_hwc: NDArray[np.uint8]
    ) -> object:
        """The encoding again; raises ``ValueError`` for arrays that are none."""
        ...


@runtime_checkable
class ShowsBorders(Protocol):
    """A prompted model that works with regions a person should see."""

    def borders(self, encoding: object, settings: Settings) -> Mask:
        """Where its regions meet, to be drawn over the image."""
        ...


@runtime_checkable
class DecodesMany(Protocol):
    """A prompted model that answers many prompts in less time than one by one."""

    def decode_many(
        self, encoding: object, prompts: Sequence[Prompt], report: Report
    ) -> tuple[tuple[Candidate, ...], ...]:
        """Return for each prompt, in their order, what ``decode`` returns for it."""
        ...


class PropagatingModel(Protocol):
    """Carries objects from image to image: frames of a film, slices of a volume.

    It knows no direction and no numbers of frames: images come in the order in which
    ``follow`` is called, so backward is the same as forward. One memory is one pass.
    """

    @property
    def info(self) -> ModelInfo: ...

    def begin(self) -> object:
        """A memory of nothing yet, for ``follow``; its size stays bounded."""
        ...

    def follow(
        self,
        memory: object,
        image_hwc: NDArray[np.uint8],
        known: Mapping[str, Mask],
        report: Report,
    ) -> Mapping[str, Followed]:
        """Take the next image, RGB of axes (y, x, 3), and carry objects onto it.

        ``known`` says by name where objects are on this image; that is taken as right
        and remembered: the first mask of an object, or its correction; an empty mask
        says that it is not here. Every other object remembered is looked for, and
        only these are returned. The memory is changed in place; after an error,
        ``Cancelled`` too, it is as it was before the call.

        Raises ``BadRequest`` for a mask or an image of another size than before.
        """
        ...


class FullImageModel(Protocol):
    """Finds everything it knows in a whole image."""

    @property
    def info(self) -> ModelInfo: ...

    def predict(self, image_hwc: NDArray[np.uint8], report: Report) -> Prediction:
        """Return what is on an RGB image, axes (y, x, 3), of any size."""
        ...
