"""The host of the engine: models, encodings, and the way from a request to its reply.

Torch is only loaded when a model asks for it; clicks on the built-in model never do.
"""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from seggui.core.candidate import Candidate
from seggui.core.ports import FullImageModel, PromptedModel, Report, ShowsBorders
from seggui.errors import SegguiError
from seggui.files.encodings import EncodingFolder, own_folder
from seggui.jobs.messages import (
    Answers,
    Ask,
    AskEach,
    Candidates,
    Encode,
    Encoded,
    Everything,
    Predict,
    Predicted,
    Propagate,
    Propagated,
    Reply,
    Request,
    SharedImage,
)
from seggui.jobs.shared import AttachedImages
from seggui.models import catalog
from seggui.models.encodings import EncodedImages, Encodings
from seggui.models.everything import everything
from seggui.models.interrupting import interruptible
from seggui.models.predictions import candidates_of
from seggui.models.prompted.asking import answer, answer_each
from seggui.models.sequences import Sequences
from seggui.refine.recipe import parse

Key = TypeVar("Key")
Value = TypeVar("Value")

_MOST_MODELS = 2
_MOST_CLASSICAL = 16


class EngineHost:
    """Keeps models and encodings; answers one request at a time."""

    def __init__(self, *, folder: EncodingFolder | None = None) -> None:
        self._images = AttachedImages()
        self._prompted: Recent[str, PromptedModel] = Recent(_MOST_MODELS)
        self._classical: Recent[str, PromptedModel] = Recent(_MOST_CLASSICAL)
        self._full: Recent[tuple[object, ...], FullImageModel] = Recent(_MOST_MODELS)
        self._encodings = EncodedImages(self._images, Encodings(), folder)
        self._sequences = Sequences()

    def handle(self, request: Request, report: Report) -> Reply:
        start_s = time.perf_counter()
        try:
            with interruptible(report, ""):
                reply = self._answer(request, report)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
        else:
            elapsed_s = time.perf_counter() - start_s
            return replace(reply, elapsed_s=elapsed_s, note=self._encodings.note)
        # Outside the except block: the traceback would hold what is to be freed.
        self._free_memory()
        raise SegguiError(
            "There was not enough memory for this model on this image. Your work is "
            "untouched. Use smaller tiles, a smaller image or model, or close other "
            "programs, and try again."
        )

    def forget(self, key: str) -> None:
        self._images.forget(key)
        self._sequences.forget(key)

    def _answer(
        self, request: Request, report: Report
    ) -> Encoded | Candidates | Answers | Predicted | Propagated:
        match request:
            case Encode():
                return self._encoded(request, report)
            case Ask():
                candidates = self._candidates(request, report)
                return Candidates(request.ticket, candidates, 0.0)
            case AskEach():
                answers = self._answers(request, report)
                return Answers(request.ticket, answers, 0.0)
            case Everything():
                found = self._everything(request, report)
                return Predicted(request.ticket, found, None, 0.0)
            case Predict():
                return self._prediction(request, report)
            case Propagate():
                image_hwc = self._images.get(request.image)
                return self._sequences.follow(request, image_hwc, report)
        raise TypeError(f"the engine was sent {type(request).__name__}")

    # -- prompts --------------------------------------------------------------

    def _encoded(self, request: Encode, report: Report) -> Encoded:
        model = self._model(request.model_id)
        borders = None
        if request.ahead:
            self._encodings.make_ready(model, request.image, report)
        else:
            encoding = self._encodings.get(model, request.image, report)
            if isinstance(model, ShowsBorders):
                borders = model.borders(encoding, request.settings)
        nbytes = self._encodings.bytes_on_disk(model, request.image)
        return Encoded(request.ticket, 0.0, nbytes, borders)

    def _candidates(self, request: Ask, report: Report) -> tuple[Candidate, ...]:
        image = request.image
        prompt = request.prompt.checked(image.width, image.height)
        model = self._model(request.model_id)
        encoding = self._encodings.get(model, image, report)
        candidates = answer(model, encoding, prompt, report)
        self._encodings.seen_more(model, image, encoding)
        return self._refined(candidates, request.recipe, image, report)

    def _answers(
        self, request: AskEach, report: Report
    ) -> tuple[tuple[Candidate, ...], ...]:
        image = request.image
        prompts = [p.checked(image.width, image.height) for p in request.prompts]
        model = self._model(request.model_id)
        encoding = self._encodings.get(model, image, report)
        answers = answer_each(model, encoding, prompts, report)
        self._encodings.seen_more(model, image, encoding)
        return tuple(
            self._refined(candidates, request.recipe, image, report)
            for candidates in answers
        )

    def _everything(self, request: Everything, report: Report) -> tuple[Candidate, ...]:
        image = request.image
        model = self._model(request.model_id)
        encoding = self._encodings.get(model, image, report)
        pixels = self._images.get(image)
        return everything(
            model, pixels, encoding, request.options, report, request.known
        )

    def _model(self, model_id: str) -> PromptedModel:
        # Tools change quickly between classical models: none of them, light as they
        # are, may push out a network that takes seconds to load.
        kept = self._classical if _is_classical(model_id) else self._prompted
        version = catalog.version(model_id)
        return kept.get(model_id, version, lambda: catalog.open_prompted(model_id))

    # -- whole images ---------------------------------------------------------

    def _prediction(self, request: Predict, report: Report) -> Predicted:
        weights = Path(request.weights) if request.weights else None
        version = catalog.version(request.model, weights)
        model = self._full.get(_identity(request), version, lambda: _opened(request))
        prediction = model.predict(self._images.get(request.image), report)
        candidates = candidates_of(
            prediction,
            request.things,
            smallest_score=request.smallest_score,
            with_probability=bool(request.recipe),
        )
        refined = self._refined(candidates, request.recipe, request.image, report)
        bare = tuple(replace(c, probability=None) for c in refined)
        return Predicted(request.ticket, bare, prediction.uncertainty_hw, 0.0)

    # -- both -----------------------------------------------------------------

    def _refined(
        self,
        candidates: Iterable[Candidate],
        text: str,
        image: SharedImage,
        report: Report,
    ) -> tuple[Candidate, ...]:
        recipe = parse(text)
        if not recipe.steps:
            return tuple(candidates)
        image_hwc = self._images.get(image)
        return tuple(
            refined
            for candidate in candidates
            for refined in recipe.apply_candidate(candidate, image_hwc, report)
        )

    def _free_memory(self) -> None:
        self._encodings.clear()
        self._prompted.clear()
        self._classical.clear()
        self._full.clear()
        self._sequences.clear()
        if torch := sys.modules.get("torch"):
            torch.cuda.empty_cache()


def _is_classical(model_id: str) -> bool:
    return any(info.id == model_id and info.classical for info in catalog.prompted())


class Recent(Generic[Key, Value]):
    """The few values that were used last, each of its newest version."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, tuple[object, Value]] = OrderedDict()

    def get(self, key: Key, version: object, make: Callable[[], Value]) -> Value:
        if key in self._values and self._values[key][0] != version:
            del self._values[key]
        if key not in self._values:
            while len(self._values) >= self._most:
                # Before the new one is made: both may not fit into memory.
                self._values.popitem(last=False)
            self._values[key] = (version, make())
        self._values.move_to_end(key)
        return self._values[key][1]

    def clear(self) -> None:
        self._values.clear()


def _identity(request: Predict) -> tuple[object, ...]:
    """What a full-image model is remembered by."""
    return (
        request.model,
        request.weights,
        request.tile,
        request.smallest_score,
    )


def _opened(request: Predict) -> FullImageModel:
    return catalog.open_full_image_model(
        request.model,
        Path(request.weights) if request.weights else None,
        tile=request.tile,
        smallest_score=request.smallest_score,
    )


def _out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if "torch" not in sys.modules:
        return False
    from seggui.models.devices import out_of_memory

    return out_of_memory(error)


def open_host() -> EngineHost:
    return EngineHost(folder=own_folder())
