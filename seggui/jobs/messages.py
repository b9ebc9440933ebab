"""What the window and a worker process say to each other.

Every message is a frozen value. A request carries a ticket and the reply carries it
back; a reply whose ticket is no longer the newest is dropped by whoever asked. The
``note`` of a reply is a sentence for the person about what went wrong beside the work;
it is repeated with every reply for as long as it is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Candidate, Followed
from seggui.core.everything import EverythingOptions
from seggui.core.mask import Mask
from seggui.core.parameters import Settings
from seggui.core.prompt import Prompt


@dataclass(frozen=True, slots=True)
class SharedImage:
    """Where an image lies in shared memory: RGB, 8 bit, axes (y, x, 3)."""

    key: str
    """The digest of the image; the same pixels have the same key."""
    memory: str
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Encode:
    """Prepare an image for prompts, before the first click."""

    ticket: int
    image: SharedImage
    model_id: str
    ahead: bool = False
    """For an image that is not shown yet: everything else goes first."""
    settings: Settings = ()
    """Of the model, for the borders that it shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Answer a prompt with ``Candidates``."""

    ticket: int
    image: SharedImage
    model_id: str
    prompt: Prompt
    recipe: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AskEach:
    """Answer several prompts, each about an object of its own, with ``Answers``."""

    ticket: int
    image: SharedImage
    model_id: str
    prompts: tuple[Prompt, ...]
    recipe: str = ""


@dataclass(frozen=True, slots=True)
class Predict:
    """Find everything in an image; answered with ``Predicted``."""

    ticket: int
    image: SharedImage
    model: str
    """A model id of the catalogue, or the path of a run folder."""
    weights: str = ""
    tile: int = 0
    """Side of the tiles in pixels; 0 lets the model choose."""
    recipe: str = ""
    smallest_score: float = 0.5
    things: tuple[str, ...] = ()
    """Classes of a semantic model whose parts become candidates of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """Let a prompted model find every object; answered with ``Predicted``."""

    ticket: int
    image: SharedImage
    model_id: str
    options: EverythingOptions
    known: tuple[Mask, ...] = ()
    """Objects that are there already and not to be found again."""


@dataclass(frozen=True, slots=True, eq=False)
class Refine:
    """Run a recipe over masks; answered with ``Refined``."""

    ticket: int
    image: SharedImage
    masks: tuple[Mask, ...]
    recipe: str


@dataclass(frozen=True, slots=True, eq=False)
class Propagate:
    """Carry objects onto the next image of a sequence; answered with ``Propagated``.

    Its images are asked for one after the other. The engine remembers the sequence
    until ``Forget`` names it.
    """

    ticket: int
    image: SharedImage
    model_id: str
    sequence: str
    """Names one pass over images; no two passes share a name."""
    known: Mapping[str, Mask]
    """Objects that are where these masks say, by name; the rest is looked for."""
    first: bool = False
    """Whether the sequence begins here."""
    weights: str = ""
    """A checkpoint to open the model from; empty for the one at its place."""


Request = Encode | Ask | AskEach | Predict | Everything | Refine | Propagate


@dataclass(frozen=True, slots=True)
class Cancel:
    """The work of that ticket is no longer wanted."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Forget:
    """The image is closed; drop its pixels. What models know of it may stay.

    The name of a sequence says that its pass is over.
    """

    key: str


@dataclass(frozen=True, slots=True)
class Encoded:
    ticket: int
    elapsed_s: float
    bytes_on_disk: int = 0
    """How much its encoding takes there; 0 when it is kept in memory only."""
    borders: Mask | None = None
    """Where the regions meet that the model works with, if it has such."""
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    ticket: int
    candidates: tuple[Candidate, ...]
    elapsed_s: float
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """For each prompt of the request, in its order, its candidates, the best first."""

    ticket: int
    answers: tuple[tuple[Candidate, ...], ...]
    elapsed_s: float
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Candidates with class names, and how unsure the model is of each pixel."""

    ticket: int
    candidates: tuple[Candidate, ...]
    uncertainty_hw: NDArray[np.uint8] | None
    elapsed_s: float
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """For each mask of the request, in its order, what it became.

    A step may split a mask into several or leave nothing of it.
    """

    ticket: int
    masks: tuple[tuple[Mask, ...], ...]
    elapsed_s: float
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Propagated:
    """Where the objects that were not known are on this image, by name."""

    ticket: int
    found: Mapping[str, Followed]
    elapsed_s: float
    remembered: bool = True
    """False when the engine knows nothing of the sequence, as after its restart."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    ticket: int
    done: int
    total: int
    what: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The request brought no answer.

    ``text`` is a finished sentence. ``report`` is the traceback of a bug, empty for
    anything a person can act on.
    """

    ticket: int
    text: str
    report: str = ""
    reason: Literal["error", "cancelled", "lost"] = "error"


Message = Request | Cancel | Forget
"""What a worker process is told."""

Reply = (
    Encoded
    | Candidates
    | Answers
    | Predicted
    | Refined
    | Propagated
    | Progress
    | Failed
)
