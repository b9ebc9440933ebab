"""Runs a recipe over masks for ``seggui refine``, safe from what the CRF may do."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from seggui.core.mask import Mask
from seggui.errors import EngineLost, SegguiError
from seggui.jobs.messages import Refine, Refined, Reply
from seggui.jobs.shared import SharedImages
from seggui.jobs.waiting import ask_and_wait
from seggui.jobs.worker_client import WorkerClient
from seggui.refine.recipe import Recipe

FACTORY = "seggui.jobs.refine_host:open_host"


class Refiner:
    """Applies one recipe to the masks of one image after the other.

    A recipe that needs the image, the CRF, runs in a process of its own, because the
    library behind it can take its process down.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._tickets = itertools.count(1)
        self._images = SharedImages()
        self._client: WorkerClient | None = None
        if recipe.needs_image:
            self._client = WorkerClient(FACTORY, _unasked, name="refine process")

    def __enter__(self) -> Refiner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            self._client.close()
        self._images.close()

    def refined(
        self, name: str, masks: Sequence[Mask], image_hwc: NDArray[np.uint8] | None
    ) -> list[tuple[Mask, ...]]:
        """For each mask what it became; raises ``SegguiError`` naming the file.

        The image, RGB with axes (y, x, 3), is only looked at by recipes that need it.
        """
        if self._client is None or not masks:
            return [self.recipe.apply(mask, _blank(mask)) for mask in masks]
        if image_hwc is None:
            raise SegguiError(
                f"The recipe '{self.recipe.text()}' needs the image of {name}. "
                "Name it with --image."
            )
        shared = self._images.share(name, image_hwc)
        request = Refine(next(self._tickets), shared, tuple(masks), self.recipe.text())
        try:
            reply = ask_and_wait(self._client, request)
        except EngineLost:
            raise SegguiError(
                f"The CRF failed on {name}: its process ended unexpectedly. The masks "
                "of this image are unchanged. Try other numbers for the step crf."
            ) from None
        finally:
            self._client.forget(name)
            self._images.drop(name)
        if not isinstance(reply, Refined):
            raise TypeError(f"a refinement was answered with {type(reply).__name__}")
        return list(reply.masks)


def _blank(mask: Mask) -> NDArray[np.uint8]:
    """A black image that takes no memory, for recipes that do not look at it."""
    return np.broadcast_to(np.zeros(3, np.uint8), (mask.height, mask.width, 3))


def _unasked(reply: Reply) -> None:
    raise TypeError(f"nobody waits for {type(reply).__name__}")
