"""What the table of models says of each of them."""

from __future__ import annotations

from dataclasses import dataclass

from seggui.core.ports import ModelInfo


@dataclass(frozen=True, slots=True)
class Row:
    """A model that comes with the program."""

    info: ModelInfo
    builder: str
    """``module:function``. Prompted: called without arguments, or with the row's info
    and the weights, a file or a folder. Full-image: called with the row's info, the
    weights and ``PredictOptions``; empty when there is nothing to open before a
    training.
    """
    propagator: str = ""
    """Opens the same model, from the same file, as one that carries masks from image
    to image; empty where it cannot.
    """
    slow: bool = False
    """Carries masks only when it is asked for by name: on a processor an image takes
    longer than a person waits.
    """
