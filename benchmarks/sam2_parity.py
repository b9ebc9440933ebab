"""Whether our SAM 2.1 and EdgeTAM answer as the official implementations do.

As ``benchmarks.sam_parity``, whose prompts, images and bars these are; and the memory:
a film of four images on which two objects are given, on the first and on the third.

    python -m benchmarks.sam2_parity --official DIR [--models sam2.1-tiny edgetam …]
        [--weights DIR] [--images "640 x 480" …] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks import sam2_official
from benchmarks.sam_official import IMAGES
from benchmarks.sam_parity import THREADS, Asked, Row, our_answer, prompts_on, row_of
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.files.atomic import write_whole
from seggui.models import catalog
from seggui.models.prompted.sam.frame import frame_of, square_of
from seggui.models.prompted.sam.sam2 import Sam2Backbone, Sam2Heads
from seggui.models.propagation.memory import MemoryModel

_FRAMES = 4
_GIVEN = {"one": 0, "two": 2}


def compared(name: str, image_name: str, sides: tuple[Any, Sam2Backbone]) -> list[Row]:
    """Ask both about one image."""
    official, backbone = sides
    image = IMAGES[image_name]()
    height, width = image.shape[:2]
    with torch.inference_mode():
        official.set_image(image)
    frame = frame_of(Box(0, 0, width, height), backbone.side, backbone.fit)
    square = square_of(image, frame, backbone.fit, backbone.mean, backbone.deviation)
    features = backbone.encode(square)
    rows, last = [], None
    for asked in prompts_on(height, width):
        theirs = _official_answer(official, asked, last)
        mine = our_answer(backbone, features, frame, asked, last)
        if asked.name == "one point":
            last = theirs[2][0, :1]
        rows.append(row_of((name, image_name, asked.name), theirs, mine, frame))
    return rows


def _official_answer(
    official: Any,  # noqa: ANN401
    asked: Asked,
    last: NDArray[np.float32] | None,
) -> tuple[NDArray[Any], ...]:
    """Masks at the image's size, expected IoU and logits; axes (prompt, mask, …)."""
    mask, points, labels, boxes = official._prep_prompts(
        np.array(asked.points, np.float32) if asked.points else None,
        np.array(asked.labels, np.int32) if asked.points else None,
        np.array(asked.boxes, np.float32) if asked.boxes else None,
        last if asked.previous else None,
        True,
    )
    with torch.inference_mode():
        found = official._predict(
            points, labels, boxes, mask, multimask_output=asked.several
        )
    return tuple(value.numpy() for value in found)


# -- films --------------------------------------------------------------------


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


def carried(name: str, official: Any, network: Any) -> list[Row]:  # noqa: ANN401
    """Carry the discs through the film on both sides."""
    heads = Sam2Heads(network, sam2_official.CPU, "float32")
    model = MemoryModel(catalog.get(name), heads)
    rows = []
    theirs = dict(_official_film(official))
    mine = dict(_our_film(model))
    for key, logits in theirs.items():
        apart = float((logits - mine[key]).abs().max() / np.ptp(logits.numpy()))
        on, own = logits > 0, mine[key] > 0
        union = int((on | own).sum())
        iou = int((on & own).sum()) / union if union else 1.0
        what = f"{key[1]} carried to image {key[0] + 1}"
        rows.append(Row(name, "film", what, apart, iou, iou, 0.0))
    return rows


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


def _official_film(official: Any) -> Iterator[tuple[tuple[int, str], Tensor]]:  # noqa: ANN401
    """Through the official steps themselves, which the video predictor calls."""
    network, prepare = official.model, official._transforms
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
                    mask_inputs=_on_square(masks[name]) if step == at else None,
                    output_dict=known[name],
                    num_frames=100,
                )
                kind = "cond" if step == at else "non_cond"
                known[name][f"{kind}_frame_outputs"][step] = out
                if step > at:
                    yield (step, name), out["pred_masks_high_res"]


def _on_square(mask_hw: NDArray[np.bool_]) -> Tensor:
    whole = torch.from_numpy(mask_hw.astype(np.float32))[None, None]
    small = functional.interpolate(
        whole, size=(1024, 1024), mode="bilinear", antialias=True
    )
    return (small >= 0.5).float()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    known = [*sam2_official.SECOND]
    parser.add_argument("--official", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--models", nargs="+", choices=known, default=["sam2.1-tiny", "edgetam"]
    )
    parser.add_argument("--images", nargs="*", choices=IMAGES, default=[*IMAGES])
    parser.add_argument("--weights", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows: list[Row] = []
    for name in options.models:
        if (why := sam2_official.missing(name, options.official)) is not None:
            print(why)
            continue
        file = catalog.get(name).weights
        path = options.weights and file and options.weights / file.name
        weights = path if path and path.is_file() else None
        official = sam2_official.predictor(
            name, options.official, weights, options.seed
        )
        backbone = sam2_official.ours(name, official.model, weights)
        for image_name in options.images:
            rows += _told(compared(name, image_name, (official, backbone)))
        rows += _told(carried(name, official, backbone._heads.network))
    if options.json is not None:
        found = [asdict(row) | {"good": row.good} for row in rows]
        write_whole(options.json, json.dumps(found, indent=1).encode())
    bad = sum(not row.good for row in rows)
    print(f"{len(rows) - bad} of {len(rows)} prompts within the bars.")


def _told(rows: list[Row]) -> list[Row]:
    for row in rows:
        where = f"{row.model}, {row.image}, {row.prompt}"
        bad = "" if row.good else "  TOO FAR APART"
        print(
            f"{where:50} {row.apart:11.1e} {row.iou_grid:10.5f}"
            f"{row.iou_image:10.5f} {row.quality_apart:12.1e}{bad}",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
