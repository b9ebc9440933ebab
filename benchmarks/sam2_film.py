"""The memory of SAM 2.1, EdgeTAM and SAM 3 beside the official one, on a short film.

Two discs move on four images; one is given on the first, the other on the third.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks.sam_official import IMAGES
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.models import catalog
from seggui.models.prompted.sam.sam2 import Sam2Heads
from seggui.models.propagation.memory import MemoryModel

_FRAMES = 4
_GIVEN = {"one": 0, "two": 2}


def film() -> list[tuple[NDArray[np.uint8], dict[str, NDArray[np.bool_]]]]:
    """Images with two discs that move, and where each is."""
    frames = []
    for step in range(_FRAMES):
        image = IMAGES["640 x 480"]()
        rows, columns = np.mgrid[:480, :640]
        one = np.hypot(columns - 200 - 30 * step, rows - 200) < 60
        two = np.hypot(columns - 420, rows - 330 + 20 * step) < 45
        image[one], image[two] = (230, 50, 40), (40, 200, 220)
        frames.append((image, {"one": one, "two": two}))
    return frames


def carried(
    name: str,
    network: Any,  # noqa: ANN401
    prepare: Callable[[NDArray[np.uint8]], Tensor],
    heads: Sam2Heads,
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Carry the discs through the film: what, their logits on the square, and ours.

    ``prepare`` makes of an image what the official ``network`` reads, without a batch.
    """
    mine = dict(_our_film(MemoryModel(catalog.get(name), heads)))
    for (step, disc), logits in _official_film(network, prepare):
        yield f"{disc} carried to image {step + 1}", logits, mine[step, disc]


def _our_film(model: MemoryModel) -> Iterator[tuple[tuple[int, str], Tensor]]:
    heard: list[Tensor] = []
    found = model._found

    def overheard(*arguments: Any) -> Any:  # noqa: ANN401
        answer = found(*arguments)
        heard.append(answer[0].logits)
        return answer

    model._found = overheard  # type: ignore[method-assign]
    memory = model.begin()
    for step, (image, masks) in enumerate(film()):
        known = {n: Mask.from_dense(masks[n]) for n, at in _GIVEN.items() if at == step}
        heard.clear()
        followed = model.follow(memory, image, known, unwatched)
        yield from zip(((step, n) for n in followed), list(heard), strict=True)


def _official_film(
    network: Any,  # noqa: ANN401
    prepare: Callable[[NDArray[np.uint8]], Tensor],
) -> Iterator[tuple[tuple[int, str], Tensor]]:
    """Through the official steps themselves, which the video predictor calls."""
    more = {"image": None} if _is_third(network) else {}
    known: dict[str, Any] = {
        n: {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}} for n in _GIVEN
    }
    with torch.inference_mode():
        for step, (image, masks) in enumerate(film()):
            seen = network.forward_image(prepare(image)[None])
            _, maps, places, sizes = network._prepare_backbone_features(seen)
            for name, at in _GIVEN.items():
                if step < at:
                    continue
                out = network.track_step(
                    frame_idx=step,
                    is_init_cond_frame=step == at,
                    current_vision_feats=maps,
                    current_vision_pos_embeds=places,
                    feat_sizes=sizes,
                    point_inputs=None,
                    mask_inputs=_given(masks[name], network) if step == at else None,
                    output_dict=known[name],
                    num_frames=100,
                    **more,
                )
                kind = "cond" if step == at else "non_cond"
                known[name][f"{kind}_frame_outputs"][step] = out
                if step > at:
                    yield (step, name), out["pred_masks_high_res"]


def _given(mask_hw: NDArray[np.bool_], network: Any) -> Tensor:  # noqa: ANN401
    """A mask as the official video predictor of that network takes it in."""
    third = _is_third(network)
    side = network.input_mask_size if third else network.image_size
    whole = torch.from_numpy(mask_hw.astype(np.float32))[None, None]
    small = functional.interpolate(
        whole, size=(side, side), mode="bilinear", antialias=True
    )
    return small if third else (small >= 0.5).float()


def _is_third(network: Any) -> bool:  # noqa: ANN401
    return hasattr(network, "input_mask_size")
