"""``seggui rank``: order images by how unsure a model is of them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from seggui.cli.image_paths import images_to_label, left_out, none_done
from seggui.cli.progress import bar

HELP = (
    "Order images by how unsure a model is of them, the least sure first: "
    "what to label next."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a folder of images or a project")
    parser.add_argument(
        "--model",
        required=True,
        metavar="ID",
        help="an id of `seggui models list`, or a run folder",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a checkpoint of the model"
    )
    parser.add_argument(
        "--by",
        choices=("entropy", "margin", "disagreement"),
        default="entropy",
        help="entropy of the probabilities, margin between the two best classes, or "
        "disagreement between mirrored images (default: entropy)",
    )
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )


def run(options: argparse.Namespace) -> int:
    from seggui.models.catalog import open_full_image_model
    from seggui.models.uncertainty import measure_of

    images = images_to_label(options.folder)
    measure = measure_of(options.by)
    model = open_full_image_model(
        options.model, options.weights, device=options.device, smallest_score=0.05
    )
    scores: dict[str, float] = {}
    refused: list[str] = []
    with bar(len(images), "looking") as progress:
        for number, image in enumerate(images):
            progress.report(number, len(images), image.name)
            with left_out(refused):
                scores[image.name] = measure(model, image.display_hwc(), _silent)
    if not scores:
        raise none_done(images)
    ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    if options.json:
        rows = [{"image": name, options.by: round(score, 6)} for name, score in ranked]
        sys.stdout.write(json.dumps({"images": rows, "refused": refused}) + "\n")
    else:
        sys.stdout.writelines(f"{score:.4f}  {name}\n" for name, score in ranked)
    return 1 if refused else 0


def _silent(done: int, total: int, what: str) -> None:
    """The tiles of one image are not worth a bar of their own."""
