"""The host of the engine: models, encodings, and the way from a request to its reply.

Torch is only loaded when a model asks for it; clicks on the built-in model never do.
"""

from __future__ import annotations

import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.ports import FullImageModel, PromptedModel, Report
from seggui.errors import SegguiError
from seggui.jobs.messages import (
    Answers,
    Ask,
    AskEach,
    Candidates,
    Encode,
    Encoded,
    Predict,
    Predicted,
    Reply,
    Request,
    SharedImage,
)
from seggui.jobs.shared import AttachedImages
from seggui.models import catalog
from seggui.models.predictions import candidates_of
from seggui.models.prompted.asking import answer, answer_each
from seggui.refine.recipe import parse

Key = TypeVar("Key")
Value = TypeVar("Value")

_MOST_MODELS = 2
_MOST_CACHE_BYTES = 2 * 1024**3


class EngineHost:
    """Keeps models and encodings; answers one request at a time."""

    def __init__(self, cache_bytes: int | None = None) -> None:
        self._images = AttachedImages()
        self._prompted: Recent[str, PromptedModel] = Recent(_MOST_MODELS)
        self._full: Recent[tuple[object, ...], FullImageModel] = Recent(_MOST_MODELS)
        self._encodings = Encodings(
            _default_cache_bytes() if cache_bytes is None else cache_bytes
        )

    def handle(self, request: Request, report: Report) -> Reply:
        start_s = time.perf_counter()
        try:
            reply = self._answer(request, report)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
        else:
            return replace(reply, elapsed_s=time.perf_counter() - start_s)
        # Outside the except block: the traceback would hold what is to be freed.
        self._free_memory()
        raise SegguiError(
            "There was not enough memory for this model on this image. Your work is "
            "untouched. Use smaller tiles, a smaller image or model, or close other "
            "programs, and try again."
        )

    def forget(self, key: str) -> None:
        self._images.forget(key)
        self._encodings.forget(key)

    def _answer(
        self, request: Request, report: Report
    ) -> Encoded | Candidates | Answers | Predicted:
        match request:
            case Encode():
                self._encoding(request.image, request.model_id, report)
                return Encoded(request.ticket, 0.0)
            case Ask():
                candidates = self._candidates(request, report)
                return Candidates(request.ticket, candidates, 0.0)
            case AskEach():
                answers = self._answers(request, report)
                return Answers(request.ticket, answers, 0.0)
            case Predict():
                return self._prediction(request, report)
        raise TypeError(f"the engine was sent {type(request).__name__}")

    # -- prompts --------------------------------------------------------------

    def _candidates(self, request: Ask, report: Report) -> tuple[Candidate, ...]:
        image = request.image
        prompt = request.prompt.checked(image.width, image.height)
        model, encoding = self._encoding(image, request.model_id, report)
        candidates = answer(model, encoding, prompt, report)
        # An encoding may have grown by what it looked at more closely.
        self._encodings.put(image.key, request.model_id, encoding)
        return self._refined(candidates, request.recipe, image, report)

    def _answers(
        self, request: AskEach, report: Report
    ) -> tuple[tuple[Candidate, ...], ...]:
        image = request.image
        prompts = [p.checked(image.width, image.height) for p in request.prompts]
        model, encoding = self._encoding(image, request.model_id, report)
        answers = answer_each(model, encoding, prompts, report)
        self._encodings.put(image.key, request.model_id, encoding)
        return tuple(
            self._refined(candidates, request.recipe, image, report)
            for candidates in answers
        )

    def _encoding(
        self, image: SharedImage, model_id: str, report: Report
    ) -> tuple[PromptedModel, object]:
        model = self._prompted.get(model_id, lambda: catalog.open_prompted(model_id))
        known = self._encodings.get(image.key, model_id)
        if known is None:
            known = model.encode(self._images.get(image), report)
            self._encodings.put(image.key, model_id, known)
        return model, known

    # -- whole images ---------------------------------------------------------

    def _prediction(self, request: Predict, report: Report) -> Predicted:
        model = self._full.get(_identity(request), lambda: _opened(request))
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
        self._full.clear()
        if torch := sys.modules.get("torch"):
            torch.cuda.empty_cache()


class Recent(Generic[Key, Value]):
    """The few values that were used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        if key not in self._values:
            while len(self._values) >= self._most:
                # Before the new one is made: both may not fit into memory.
                self._values.popitem(last=False)
            self._values[key] = make()
        self._values.move_to_end(key)
        return self._values[key]

    def clear(self) -> None:
        self._values.clear()


class Encodings:
    """What models know of images, the last used up to a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._values: OrderedDict[tuple[str, str], tuple[object, int]] = OrderedDict()

    @property
    def nbytes(self) -> int:
        return sum(size for _, size in self._values.values())

    def get(self, image_key: str, model_id: str) -> object | None:
        found = self._values.get((image_key, model_id))
        if found is None:
            return None
        self._values.move_to_end((image_key, model_id))
        return found[0]

    def put(self, image_key: str, model_id: str, encoding: object) -> None:
        """Keep it, and drop the oldest others until all fit."""
        self._values[image_key, model_id] = (encoding, bytes_of(encoding))
        while self.nbytes > self._most_bytes and len(self._values) > 1:
            self._values.popitem(last=False)

    def forget(self, image_key: str) -> None:
        for key in [key for key in self._values if key[0] == image_key]:
            del self._values[key]

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


def _identity(request: Predict) -> tuple[object, ...]:
    """What a full-image model is remembered by; a run may be trained again."""
    card = Path(request.model, "model.json")
    changed = card.stat().st_mtime_ns if card.is_file() else 0
    return (
        request.model,
        changed,
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


def _default_cache_bytes() -> int:
    """A quarter of the machine's memory, at most 2 GB."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _MOST_CACHE_BYTES // 2
    return min(_MOST_CACHE_BYTES, machine // 4)


def open_host() -> EngineHost:
    return EngineHost()
