"""Which models can be trained: a table that loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seggui.errors import BadRequest

OptionValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model that can be trained."""

    id: str
    title: str
    kind: Literal["semantic", "instance", "prompted"]
    encoders: tuple[str, ...]
    """The first is the default."""
    defaults: tuple[tuple[str, OptionValue], ...] = ()
    """Options whose default is another one for this model."""
    unused: frozenset[str] = frozenset()
    """Options that mean nothing to this model."""


ARCHITECTURES = (
    Architecture(
        "unet",
        "U-Net",
        "semantic",
        ("resnet18", "resnet34", "resnet50", "mobilenet_v2", "efficientnet-b0"),
    ),
    Architecture("fcn", "FCN", "semantic", ("resnet50", "resnet101")),
    Architecture(
        "deeplabv3",
        "DeepLabV3",
        "semantic",
        ("mobilenet_v3_large", "resnet50", "resnet101"),
    ),
    Architecture("lraspp", "LR-ASPP", "semantic", ("mobilenet_v3_large",)),
    Architecture(
        "maskrcnn",
        "Mask R-CNN",
        "instance",
        ("resnet18", "resnet50"),
        # It brings its own losses.
        unused=frozenset(("loss", "class_weights")),
    ),
    Architecture(
        "clicknet",
        "Click network",
        "prompted",
        ("built-in",),
        # It has learnt before, so it needs minutes, at a lower rate.
        defaults=(
            ("epochs", 1000),
            ("minutes", 5.0),
            # Clicking on validation images takes as long as some dozen steps.
            ("steps_per_epoch", 150),
            ("learning_rate", 1e-3),
            ("longest_side", 0),
        ),
        unused=frozenset(
            (
                "encoder",
                "crop",
                "loss",
                "class_weights",
                "flips",
                "rotate",
                "scale",
                "colour",
                "blur",
            )
        ),
    ),
)


def architecture(model_id: str) -> Architecture:
    """The row of that id; raises ``BadRequest`` with the ids there are."""
    for row in ARCHITECTURES:
        if row.id == model_id:
            return row
    known = ", ".join(row.id for row in ARCHITECTURES)
    raise BadRequest(
        f"No model called {model_id!r} can be trained. There are: {known}."
    )
