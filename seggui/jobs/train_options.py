"""With which options models are trained: a table that loads no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Literal

from seggui.errors import BadRequest
from seggui.jobs.architectures import (
    ARCHITECTURES,
    Architecture,
    OptionValue,
    architecture,
)

LOSSES = ("ce", "dice", "focal")
"""The terms of the option ``loss``; a sum is written ``ce+dice``."""


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the table that the panel and the command line show."""

    name: str
    label: str
    default: OptionValue
    help: str
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()
    group: Literal["main", "data", "learning", "augmentation", "machine"] = "learning"

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


OPTIONS = (
    Option(
        "model",
        "Model",
        "unet",
        "what to train",
        choices=tuple(row.id for row in ARCHITECTURES),
        group="main",
    ),
    Option(
        "encoder",
        "Encoder",
        "",
        "network that turns the image into features; empty: the model's default",
        group="main",
    ),
    Option(
        "epochs",
        "Epochs",
        30,
        "longest training, in rounds over the training images",
        1,
        100_000,
        group="main",
    ),
    Option(
        "minutes",
        "Minutes",
        0.0,
        "longest training in minutes, 0 for no limit; the learning rate falls to fit",
        0,
        1_000_000,
        group="main",
    ),
    Option(
        "seed",
        "Seed",
        0,
        "the same seed gives the same split and order",
        0,
        2**31 - 1,
        group="main",
    ),
    Option(
        "validation",
        "Validation part",
        0.2,
        "part of the images kept apart to measure on",
        0.01,
        0.9,
        group="data",
    ),
    Option(
        "group_by",
        "Keep together",
        "sequence",
        "images that must not be split: frames of one sequence (same name but for "
        "its last number), images of one folder, or none",
        choices=("sequence", "folder", "none"),
        group="data",
    ),
    Option(
        "ignore",
        "Ignored ids",
        "",
        "class ids of masks that count as unlabelled like 255, with commas between",
        group="data",
    ),
    Option(
        "longest_side",
        "Longest side",
        1024,
        "larger images are shrunk to this many pixels before anything else; "
        "0 keeps their size",
        0,
        100_000,
        group="data",
    ),
    Option(
        "crop",
        "Crop",
        256,
        "side in pixels of the square pieces to learn from",
        32,
        4096,
        group="data",
    ),
    Option("batch_size", "Batch size", 8, "pieces per step", 1, 4096),
    Option(
        "steps_per_epoch",
        "Steps per epoch",
        0,
        "0: as many as show every image, at least 30",
        0,
        1_000_000,
    ),
    Option(
        "loss",
        "Loss",
        "ce+dice",
        "sum of ce, dice and focal, as in ce+dice; Mask R-CNN brings its own",
    ),
    Option(
        "class_weights",
        "Class weights",
        "auto",
        "auto: rare classes weigh more",
        choices=("auto", "none"),
    ),
    Option(
        "optimizer",
        "Optimiser",
        "adamw",
        "how weights move",
        choices=("adamw", "adam"),
    ),
    Option("learning_rate", "Learning rate", 1e-3, "at its highest", 1e-8, 10.0),
    Option("weight_decay", "Weight decay", 1e-2, "of AdamW", 0.0, 1.0),
    Option(
        "warm_up",
        "Warm-up",
        0.05,
        "part of the training in which the learning rate rises",
        0.0,
        0.9,
    ),
    Option("clip", "Gradient clip", 1.0, "longest gradient; 0 for no limit", 0.0, 1e6),
    Option(
        "patience",
        "Patience",
        0,
        "stop after that many epochs without a better score; 0: never",
        0,
        100_000,
    ),
    Option(
        "weights",
        "Start from",
        "",
        "released checkpoint or model.safetensors to start from; "
        "what does not fit is left out",
    ),
    Option(
        "flips",
        "Flips and 90° turns",
        True,
        "mirror and turn at random",
        group="augmentation",
    ),
    Option(
        "rotate",
        "Rotation",
        15.0,
        "largest small rotation in degrees",
        0.0,
        180.0,
        group="augmentation",
    ),
    Option(
        "scale",
        "Scale",
        1.5,
        "largest factor of growing and shrinking",
        1.0,
        8.0,
        group="augmentation",
    ),
    Option(
        "colour",
        "Colour",
        0.3,
        "strength of changes of brightness, contrast and colour",
        0.0,
        1.0,
        group="augmentation",
    ),
    Option(
        "blur",
        "Blur",
        0.1,
        "how often a piece is blurred",
        0.0,
        1.0,
        group="augmentation",
    ),
    Option(
        "device",
        "Device",
        "auto",
        "where to compute",
        choices=("auto", "cpu", "cuda", "mps"),
        group="machine",
    ),
    Option(
        "precision",
        "Precision",
        "auto",
        "auto: 16-bit floats (bfloat16) where the processor has them",
        choices=("auto", "float32", "bfloat16"),
        group="machine",
    ),
    Option(
        "threads",
        "Threads",
        0,
        "of the processor; 0: all its cores",
        0,
        1024,
        group="machine",
    ),
)


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """One value per row of ``OPTIONS``; checked when made."""

    model: str = "unet"
    encoder: str = ""
    epochs: int = 30
    minutes: float = 0.0
    seed: int = 0
    validation: float = 0.2
    group_by: str = "sequence"
    ignore: str = ""
    longest_side: int = 1024
    crop: int = 256
    batch_size: int = 8
    steps_per_epoch: int = 0
    loss: str = "ce+dice"
    class_weights: str = "auto"
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warm_up: float = 0.05
    clip: float = 1.0
    patience: int = 0
    weights: str = ""
    flips: bool = True
    rotate: float = 15.0
    scale: float = 1.5
    colour: float = 0.3
    blur: float = 0.1
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    architecture: Architecture = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for option in OPTIONS:
            _check(option, getattr(self, option.name))
        row = architecture(self.model)
        object.__setattr__(self, "architecture", row)
        if not self.encoder:
            object.__setattr__(self, "encoder", row.encoders[0])
        if self.encoder not in row.encoders:
            raise BadRequest(
                f"{row.title} cannot be trained with the encoder {self.encoder!r}. "
                f"There are: {', '.join(row.encoders)}."
            )
        self._check_loss()
        if self.crop % 32:
            raise BadRequest(
                f"The crop must be a multiple of 32, not {self.crop}; "
                f"{round(self.crop / 32) * 32 or 32} would do."
            )
        _ = self.ignored_ids

    def _check_loss(self) -> None:
        for term in self.loss.split("+"):
            if term not in LOSSES:
                raise BadRequest(
                    f"There is no loss called {term!r}; use a sum of "
                    f"{', '.join(LOSSES)} such as ce+dice."
                )

    @property
    def ignored_ids(self) -> tuple[int, ...]:
        """Class ids that count as unlabelled, besides 255."""
        try:
            return tuple(int(part) for part in self.ignore.split(",") if part.strip())
        except ValueError:
            raise BadRequest(
                "The ids to ignore are numbers with commas between, "
                f"not {self.ignore!r}."
            ) from None

    def as_json(self) -> dict[str, OptionValue]:
        values = asdict(self)
        del values["architecture"]
        return values

    @staticmethod
    def from_json(values: Mapping[str, object]) -> TrainOptions:
        """Options by name, others at the model's defaults; raises ``BadRequest``."""
        known = {f.name for f in fields(TrainOptions) if f.init}
        unknown = sorted(set(values) - known)
        if unknown:
            raise BadRequest(
                f"This version does not know the options {', '.join(unknown)}."
            )
        own = {row.id: dict(row.defaults) for row in ARCHITECTURES}
        wanted = {**own.get(str(values.get("model")), {}), **values}
        return TrainOptions(**wanted)  # type: ignore[arg-type] # checked when made


def _check(option: Option, value: object) -> None:
    kind = type(option.default)
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (
        isinstance(value, bool) and kind is not bool
    ):
        raise BadRequest(f"{option.label} cannot be {value!r}.")
    if option.choices and value not in option.choices:
        raise BadRequest(
            f"{option.label} cannot be {value!r}; there are: "
            f"{', '.join(option.choices)}."
        )
    if isinstance(value, int | float) and not option.least <= value <= option.most:
        raise BadRequest(
            f"{option.label} must be between {option.least:g} and {option.most:g}, "
            f"not {value:g}."
        )
