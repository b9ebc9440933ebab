"""Models that a training made: the card beside their weights, and opening them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seggui.core.ports import FullImageModel, PromptedModel
from seggui.errors import BadRequest, MissingWeights, Unreadable
from seggui.files.atomic import write_whole
from seggui.jobs.architectures import architecture
from seggui.models.catalog import NO_CARD, run_info
from seggui.models.full_image import MEAN_RGB, STD_RGB, PredictOptions
from seggui.models.weights import digest_of, load_exactly, read_state

if TYPE_CHECKING:
    from seggui.models.prompted.clicknet.looking import Habits

CARD, WEIGHTS = "model.json", "model.safetensors"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What ``model.json`` says of a trained model."""

    model: str
    encoder: str
    classes: tuple[str, ...]
    """By channel, the background first."""
    class_ids: tuple[int, ...]
    """The id of each class where it was trained; 0 is the background."""
    longest_side: int
    """Larger images are shrunk to that; 0 keeps their size."""
    metrics: Mapping[str, object]
    digest: str = ""
    """Of the weights: ``sha256:`` and hex."""
    mean_rgb: tuple[float, ...] = MEAN_RGB
    std_rgb: tuple[float, ...] = STD_RGB
    known: Mapping[str, float] = field(default_factory=dict)
    """What the model must know besides its weights, by name."""
    format: int = field(default=FORMAT, kw_only=True)

    @property
    def kind(self) -> str:
        return architecture(self.model).kind


def write_card(run: Path, card: ModelCard) -> None:
    """Register the run as a model; its weights must lie there already."""
    content = {"kind": card.kind, **asdict(card)}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_whole(run / CARD, text.encode())


def read_card(run: Path) -> ModelCard:
    """Read the card of a run; raises ``MissingWeights`` or ``Unreadable``."""
    path = run / CARD
    if not path.is_file():
        raise MissingWeights(
            f"{run} holds no trained model ({CARD} is not there). "
            "Finish or resume the training first."
        )
    try:
        content = json.loads(path.read_bytes())
        if content["format"] > FORMAT:
            raise Unreadable(path, "it was written by a newer version of seggui")
        card = ModelCard(
            model=str(content["model"]),
            encoder=str(content["encoder"]),
            classes=tuple(str(name) for name in content["classes"]),
            class_ids=tuple(int(number) for number in content["class_ids"]),
            longest_side=int(content["longest_side"]),
            metrics=dict(content["metrics"]),
            digest=str(content["digest"]),
            known={
                str(name): float(value)
                for name, value in dict(content.get("known", {})).items()
            },
        )
    except NO_CARD as error:
        raise Unreadable(path, "it is no description of a model") from error
    if len(card.classes) < 2 or len(card.classes) != len(card.class_ids):
        raise Unreadable(path, "its classes contradict each other")
    return card


def open_run(run: Path, options: PredictOptions) -> FullImageModel:
    """Open the model for whole images of a run folder.

    Raises ``MissingWeights`` when the training made none, ``Unreadable`` when its
    weights are damaged or are not those that the card names, ``BadRequest`` when it
    answers clicks.
    """
    card, weights = _checked(run)
    info = run_info(run, card.model, card.classes[1:], card.longest_side)
    if card.kind == "prompted":
        raise BadRequest(
            f"{info.title} answers clicks and does not look at whole images. "
            "Choose it as the model for clicks."
        )
    state = read_state(weights)
    if card.kind == "instance":
        from seggui.models.instance import model as instance_model
        from seggui.models.instance import networks as instance_networks

        detector = instance_networks.build(
            card.encoder, len(card.classes), longest_side=card.longest_side
        )
        load_exactly(detector, state, weights, info.title)
        return instance_model.InstanceModel(info, detector, card.classes, options)
    from seggui.models.semantic import model as semantic_model
    from seggui.models.semantic import networks as semantic_networks

    network = semantic_networks.build(card.model, card.encoder, len(card.classes))
    load_exactly(network, state, weights, info.title)
    return semantic_model.SemanticModel(
        info, network, card.classes, options, longest_side=card.longest_side
    )


def open_prompted_run(run: Path) -> PromptedModel:
    """Open the model for clicks of a run folder; raises as ``open_run`` does."""
    from seggui.models.prompted.clicknet import weights as clicknet_weights
    from seggui.models.prompted.clicknet.model import ClickNetModel

    card, weights = _checked(run)
    info = run_info(run, card.model, card.classes[1:], card.longest_side)
    if card.kind != "prompted":
        raise BadRequest(f"{info.title} looks at whole images and answers no clicks.")
    habits = habits_from(card.known, run)
    return ClickNetModel(clicknet_weights.read(weights), info, habits)


def known_beside(weights: str) -> Mapping[str, float]:
    """What the card beside a run's weights says that its model must know.

    Nothing for other weights, and for no path. Raises ``Unreadable``.
    """
    path = Path(weights)
    if path.name != WEIGHTS or not (path.parent / CARD).is_file():
        return {}
    return read_card(path.parent).known


def habits_from(known: Mapping[str, float], run: Path) -> Habits:
    """What a run knows of objects for clicks; raises ``Unreadable``."""
    from seggui.models.prompted.clicknet.looking import Habits

    try:
        return Habits(**known)
    except (TypeError, ValueError) as error:
        raise Unreadable(
            run / CARD, "what it knows of objects means nothing to this version"
        ) from error


def _checked(run: Path) -> tuple[ModelCard, Path]:
    """The card and the weights file that it names."""
    card = read_card(run)
    weights = run / WEIGHTS
    if not weights.is_file():
        raise MissingWeights(f"{run} holds no weights ({WEIGHTS} is not there).")
    if digest_of(weights) != card.digest:
        raise Unreadable(weights, "its content is not what model.json says it is")
    return card, weights
