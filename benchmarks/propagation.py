"""How well masks are carried over films: region and boundary, DAVIS protocol.

The first frame's mask is given; J is the mean IoU and F the mean boundary F1 (within
0.8 % of the diagonal) of the frames after it. So do Perazzi et al., "A Benchmark
Dataset and Evaluation Methodology for Video Object Segmentation" (2016). Of most
sequences the set holds every ninth frame only, which is much harder than the film.

Beside the models of the catalogue that are at hand stand copying the mask, plain flow
(the last mask warped by dense inverse search), and grabCut begun from the last mask.

    python -m benchmarks.propagation --data DIR [--sequences …] [--models flow …]
        [--json OUT]

Frames that OUT already holds for a model are not played again. ``tuned`` marks the
sequences that the built-in model was fitted on; the others were only reported on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.mask import Mask
from seggui.core.ports import PropagatingModel, unwatched
from seggui.files.atomic import write_whole
from seggui.files.images import read_image, read_index
from seggui.metrics.boundary import boundary_f1
from seggui.metrics.masks import iou
from seggui.models import catalog

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

TUNED = (
    "blackswan",
    "camel",
    "cows",
    "dance-twirl",
    "drift-straight",
    "motocross-jump",
    "soapbox",
)
DAVIS_TOLERANCE = 0.008
"""Of the diagonal, rounded up to whole pixels."""


class Follower(Protocol):
    """Carries one mask from frame to frame."""

    def start(self, image_hwc: Bytes, mask_hw: Bools) -> None: ...

    def step(self, image_hwc: Bytes) -> Bools: ...


class OfModel:
    """A model of the catalogue."""

    def __init__(self, model: PropagatingModel) -> None:
        self._model = model
        self._memory: object = None

    def start(self, image_hwc: Bytes, mask_hw: Bools) -> None:
        self._memory = self._model.begin()
        known = {"object": Mask.from_dense(mask_hw)}
        self._model.follow(self._memory, image_hwc, known, unwatched)

    def step(self, image_hwc: Bytes) -> Bools:
        found = self._model.follow(self._memory, image_hwc, {}, unwatched)
        return found["object"].mask.dense()


class Copy:
    """The first mask on every frame."""

    def start(self, image_hwc: Bytes, mask_hw: Bools) -> None:
        self._mask_hw = mask_hw

    def step(self, image_hwc: Bytes) -> Bools:
        return self._mask_hw


class Warp:
    """The last mask moved by dense inverse search, with its own default settings."""

    def start(self, image_hwc: Bytes, mask_hw: Bools) -> None:
        self._gray_hw = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2GRAY)
        self._soft_hw = mask_hw.astype(np.float32)

    def step(self, image_hwc: Bytes) -> Bools:
        gray = cv2.cvtColor(image_hwc, cv2.COLOR_RGB2GRAY)
        search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        back = search.calc(gray, self._gray_hw, None)
        height, width = gray.shape
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        u = (x + back[..., 0]).astype(np.float32)
        v = (y + back[..., 1]).astype(np.float32)
        self._soft_hw = cv2.remap(self._soft_hw, u, v, cv2.INTER_LINEAR)
        self._gray_hw = gray
        return np.asarray(self._soft_hw > 0.5)


class GrabCut:
    """``cv2.grabCut`` (Rother et al., 2004) begun from the last mask, at half size.

    Well inside the last mask is surely the object, far outside it surely not.
    """

    def start(self, image_hwc: Bytes, mask_hw: Bools) -> None:
        self._mask_hw = mask_hw

    def step(self, image_hwc: Bytes) -> Bools:
        height, width = image_hwc.shape[:2]
        size = (width // 2, height // 2)
        image = cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(self._mask_hw.astype(np.uint8), size)
        if not mask.any():
            return self._mask_hw
        reach = max(3, int(0.15 * np.sqrt(mask.sum()))) | 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
        inner = cv2.erode(mask, kernel)
        outer = cv2.dilate(mask, kernel)
        marks = np.full(mask.shape, cv2.GC_BGD, np.uint8)
        marks[outer > 0] = cv2.GC_PR_BGD
        marks[mask > 0] = cv2.GC_PR_FGD
        marks[inner > 0] = cv2.GC_FGD
        cv2.setRNGSeed(0)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        bgr = np.ascontiguousarray(image[..., ::-1])
        cv2.grabCut(bgr, marks, None, *models, 3, cv2.GC_INIT_WITH_MASK)
        found = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
        self._mask_hw = cv2.resize(found, (width, height)) > 0.5
        return self._mask_hw


PEERS = {"copy": Copy, "warp": Warp, "grabcut": GrabCut}


def sequences(data: Path) -> dict[str, list[str]]:
    """Names of frames by sequence, in their order."""
    out: dict[str, list[str]] = defaultdict(list)
    for path in sorted((data / "davis2016" / "masks").glob("*.png")):
        out[path.stem.partition("__")[0]].append(path.stem)
    return dict(out)


def loaded(data: Path, name: str) -> tuple[Bytes, Bools]:
    """A frame and its mask."""
    folder = data / "davis2016"
    image_hwc = read_image(folder / "images" / f"{name}.jpg").display_hwc()
    return image_hwc, read_index(folder / "masks" / f"{name}.png") > 0


def played(follower: Follower, data: Path, names: Sequence[str]) -> dict[str, Any]:
    """Carry the first mask through a sequence; J, F and seconds of each frame."""
    image_hwc, mask_hw = loaded(data, names[0])
    follower.start(image_hwc, mask_hw)
    rows: dict[str, list[float]] = {"j": [], "f": [], "s": []}
    for name in names[1:]:
        image_hwc, truth_hw = loaded(data, name)
        began = time.process_time()
        found_hw = follower.step(image_hwc)
        rows["s"].append(round(time.process_time() - began, 3))
        rows["j"].append(round(iou(truth_hw, found_hw), 4))
        rows["f"].append(round(boundary(truth_hw, found_hw), 4))
    return rows


def boundary(truth_hw: Bools, found_hw: Bools) -> float:
    within = float(np.ceil(DAVIS_TOLERANCE * np.hypot(*truth_hw.shape)))
    score = boundary_f1(truth_hw, found_hw, within_px=within)
    # Neither has an outline: both say that nothing is there.
    return 1.0 if np.isnan(score) else score


def table(kept: Mapping[str, Mapping[str, Any]], models: Sequence[str]) -> str:
    """J and F of each model on each sequence, and their means."""
    names = sorted({name for model in models for name in kept[model]})
    names.sort(key=lambda name: (name not in TUNED, name))
    head = " | ".join(f"{model} J | {model} F" for model in models)
    lines = [
        f"| sequence | frames | | {head} |",
        "|" + "---|" * (3 + 2 * len(models)),
    ]
    for name in names:
        count = len(kept[models[0]][name]["j"])
        cells = " | ".join(
            f"{fmean(kept[m][name][key]):.3f}" for m in models for key in ("j", "f")
        )
        mark = "tuned" if name in TUNED else "reported"
        lines.append(f"| {name} | {count} | {mark} | {cells} |")
    for mark, group in (
        ("mean, tuned", [n for n in names if n in TUNED]),
        ("mean, reported", [n for n in names if n not in TUNED]),
        ("mean", names),
    ):
        if not group:
            continue
        cells = " | ".join(
            f"{fmean(fmean(kept[m][n][key]) for n in group):.3f}"
            for m in models
            for key in ("j", "f")
        )
        lines.append(f"| {mark} | | | {cells} |")
    for model in models:
        times = [s for row in kept[model].values() for s in row["s"]]
        lines.append(f"\n{model}: {fmean(times):.2f} s of processor time a frame")
    return "\n".join(lines)


def _open(name: str) -> Follower:
    return PEERS[name]() if name in PEERS else OfModel(catalog.open_propagating(name))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--sequences", nargs="+")
    at_hand = [info.id for info in catalog.propagating() if catalog.at_hand(info)]
    parser.add_argument("--models", nargs="+", default=[*at_hand, *PEERS])
    parser.add_argument("--json", type=Path, metavar="OUT")
    return parser.parse_args()


def main() -> None:
    options = _options()
    # One thread, so that processor time is comparable between methods.
    cv2.setNumThreads(1)
    kept: dict[str, dict[str, Any]] = {}
    if options.json is not None and options.json.exists():
        kept = json.loads(options.json.read_text(encoding="utf-8"))
    missing = [i.id for i in catalog.propagating() if not catalog.at_hand(i)]
    if missing:
        print(f"Left out, since their weights are not here: {', '.join(missing)}.")
    films = sequences(options.data)
    wanted = options.sequences or list(films)
    for model in options.models:
        done = kept.setdefault(model, {})
        for name in wanted:
            if name in done:
                continue
            done[name] = played(_open(model), options.data, films[name])
            row = done[name]
            print(f"{model} {name}: J {fmean(row['j']):.3f} F {fmean(row['f']):.3f}")
            if options.json is not None:
                write_whole(options.json, json.dumps(kept, indent=1).encode())
    shown = {m: {n: kept[m][n] for n in wanted} for m in options.models}
    print(table(shown, options.models))


if __name__ == "__main__":
    main()
