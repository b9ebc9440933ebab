"""Whether our SAM 3 finds what the official implementation finds.

The official detector and tracker are run on the processor: what they say only for CUDA
(tables made ahead, one precision) is left out. Both encoders are cut to a few blocks so
that this takes a minute; everything behind them has its full size. The same random,
seeded weights on both sides, in a file of the released layout; the same tokens.

    python -m benchmarks.sam3_parity --official DIR [--images "640 x 480" …]
        [--threads N] [--json OUT]

Masks are also carried through a film; ``--images`` without a name does only that.

``--official`` holds a checkout of facebookresearch/sam3 in ``sam3``, and in ``libs``
what it imports and we do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import Sam3VideoConfig

from benchmarks import sam2_film
from benchmarks.sam_official import IMAGES, seeded
from seggui.core.geometry import Box
from seggui.files.atomic import write_whole
from seggui.models import catalog
from seggui.models.devices import Device
from seggui.models.prompted.sam import sam3_networks
from seggui.models.prompted.sam.frame import frame_of, square_of
from seggui.models.prompted.sam.sam3_networks import Concepts, Sam3Heads

CPU = Device("cpu", "for a measurement")
DEPTH, WIDTH, HEADS = 2, 128, 2
TEXT_WIDTH = 64
ASKED = (
    ("a word", "wave", ()),
    ("an example", "", ((0.3, 0.2, 0.6, 0.7),)),
    (
        "words and two examples",
        "red square",
        ((0.3, 0.2, 0.6, 0.7), (0.0, 0.1, 0.4, 0.3)),
    ),
)


@contextmanager
def importing(folder: Path) -> Iterator[None]:
    """Inside it the official code and what it needs come first."""
    paths = [str(folder / "sam3"), str(folder / "libs")]
    sys.path[:0] = paths
    # Of setuptools once; it is asked for the place of one file only.
    resources: Any = types.ModuleType("pkg_resources")
    resources.resource_filename = lambda _, name: str(folder / "sam3" / "sam3" / name)
    sys.modules.setdefault("pkg_resources", resources)
    try:
        yield
    finally:
        for path in paths:
            sys.path.remove(path)


def official_model(seed: int) -> Any:  # noqa: ANN401
    """The official image model with short encoders and seeded weights."""
    building = import_module("sam3.model_builder")
    decoding = import_module("sam3.model.decoder")
    positions = import_module("sam3.model.position_encoding").PositionEmbeddingSine
    coordinates = decoding.TransformerDecoder._get_coords

    def plain(*_: object, **more: Any) -> Any:  # noqa: ANN401
        more.pop("precompute_resolution", None)
        return positions(**more)

    def vision(compile_mode: object = None) -> Any:  # noqa: ANN401
        return building.ViT(
            img_size=1008,
            pretrain_img_size=336,
            patch_size=14,
            embed_dim=WIDTH,
            depth=DEPTH,
            num_heads=HEADS,
            mlp_ratio=4.625,
            norm_layer="LayerNorm",
            qkv_bias=True,
            use_abs_pos=True,
            tile_abs_pos=True,
            global_att_blocks=(DEPTH - 1,),
            rel_pos_blocks=(),
            use_rope=True,
            use_interp_rope=True,
            window_size=24,
            pretrain_use_cls_token=True,
            retain_cls_token=False,
            ln_pre=True,
            ln_post=False,
            return_interm_layers=False,
            bias_patch_embed=False,
        )

    def text(bpe_path: str) -> Any:  # noqa: ANN401
        return building.VETextEncoder(
            tokenizer=building.SimpleTokenizer(bpe_path=bpe_path),
            d_model=256,
            width=TEXT_WIDTH,
            heads=HEADS,
            layers=DEPTH,
        )

    decoding.TransformerDecoder._get_coords = staticmethod(
        lambda height, width, device: coordinates(height, width, device="cpu")
    )
    # Memory that a card reads faster; without a driver it cannot be had.
    torch.Tensor.pin_memory = lambda self: self  # type: ignore[assignment]
    torch.Tensor.cuda = lambda self, **_: self  # type: ignore[assignment]
    building.PositionEmbeddingSine = plain
    building._create_vit_backbone = vision
    building._create_text_encoder = text
    model = building.build_sam3_image_model(
        device="cpu", load_from_HF=False, enable_inst_interactivity=True
    )
    model.image_encoder = torch.nn.Identity()  # no batch norms to settle
    seeded(model, seed)
    del model.image_encoder
    # Weights by chance may say that there never is an object.
    decoder = model.inst_interactive_predictor.model.sam_mask_decoder
    torch.nn.init.constant_(decoder.pred_obj_score_head.layers[-1].bias, 50.0)
    return model.eval().requires_grad_(False)


def our_config() -> Sam3VideoConfig:
    """Ours of the same sizes."""
    config = Sam3VideoConfig()
    for part in (config.detector_config, config.tracker_config):
        encoder = part.vision_config.backbone_config
        encoder.hidden_size, encoder.num_attention_heads = WIDTH, HEADS
        encoder.num_hidden_layers = DEPTH
        encoder.global_attn_indexes = [DEPTH - 1]
        encoder.intermediate_size = int(4.625 * WIDTH)
    words = config.detector_config.text_config
    words.hidden_size, words.num_attention_heads = TEXT_WIDTH, HEADS
    words.num_hidden_layers, words.intermediate_size = DEPTH, 4 * TEXT_WIDTH
    return config


def our_heads(official: Any, folder: Path) -> Sam3Heads:  # noqa: ANN401
    """Ours with the weights of the official one, by way of a released file."""
    state = {}
    for name, value in official.state_dict().items():
        tracker = name.removeprefix("inst_interactive_predictor.model.")
        state[f"tracker.{tracker}" if tracker != name else f"detector.{name}"] = value
    path = folder / "sam3.pt"
    torch.save(state, path)
    config = sam3_networks.Sam3VideoConfig
    sam3_networks.Sam3VideoConfig = our_config  # type: ignore[assignment]
    try:
        opened = sam3_networks.open_network(catalog.get("sam3"), path)
    finally:
        sam3_networks.Sam3VideoConfig = config  # type: ignore[misc]
    return Sam3Heads(opened.network, CPU, "float32")


def found_by_both(
    official: Any,  # noqa: ANN401
    heads: Sam3Heads,
    image_name: str,
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """Each of the prompts: the logits of both sides, how far apart in sureness."""
    image = IMAGES[image_name]()
    square = squared(image, heads)
    processing = import_module("sam3.model.sam3_image_processor")
    processor = processing.Sam3Processor(official, device="cpu")
    with torch.inference_mode():
        backbone = official.backbone.forward_image(square)
    trunk = heads.trunk(square)
    concepts = Concepts(heads, Path(), "SAM 3")
    tokenizer = official.backbone.language_backbone.tokenizer

    def tokens(text: str) -> dict[str, Tensor]:
        read = tokenizer([text], context_length=32)
        return {"input_ids": read, "attention_mask": (read != 0).long()}

    concepts._tokens = tokens  # type: ignore[method-assign]
    heard: list[dict[str, Tensor]] = []
    whole = official.forward_grounding

    def overheard(**given: Any) -> Any:  # noqa: ANN401
        heard.append(whole(**given))
        return heard[-1]

    official.forward_grounding = overheard
    for what, text, boxes in ASKED:
        state = {
            "backbone_out": dict(backbone),
            "original_height": image.shape[0],
            "original_width": image.shape[1],
        }
        if text:
            processor.set_text_prompt(text, state)
        for left, top, right, bottom in boxes:
            middle = [(left + right) / 2, (top + bottom) / 2]
            box = [*middle, right - left, bottom - top]
            processor.add_geometric_prompt(box, True, state)
        theirs = heard[-1]
        sure = theirs["pred_logits"].sigmoid()[0, :, 0]
        sure = sure * theirs["presence_logit_dec"].sigmoid()[0]
        masks, own = concepts.find(trunk, text, boxes)
        apart = float((sure - own).abs().max())
        yield f"{image_name}, {what}", theirs["pred_masks"][0], masks, apart
    official.forward_grounding = whole


def carried_by_both(
    official: Any,  # noqa: ANN401
    heads: Sam3Heads,
) -> Iterator[tuple[str, Tensor, Tensor, float]]:
    """The same of discs that the trackers carry through a film."""
    tracker = official.inst_interactive_predictor.model
    tracker.backbone = official.backbone
    film = sam2_film.carried(
        "sam3", tracker, lambda image: squared(image, heads)[0], heads
    )
    for what, theirs, mine in film:
        yield what, theirs[0], mine[0], 0.0


def squared(image: NDArray[np.uint8], heads: Sam3Heads) -> Tensor:
    """The image as both sides read it, axes (1, channel, y, x)."""
    frame = frame_of(Box(0, 0, image.shape[1], image.shape[0]), heads.side, "stretched")
    return square_of(image, frame, "stretched", heads.mean, heads.deviation)


def row_of(what: str, theirs: Tensor, mine: Tensor, apart: float) -> dict[str, Any]:
    """Logits of axes (object, y, x) as figures."""
    on, own = theirs > 0, mine > 0
    union = (on | own).flatten(1).sum(1)
    ious = ((on & own).flatten(1).sum(1) / union)[union > 0]
    return {
        "asked": what,
        "apart": float((theirs - mine).abs().max() / np.ptp(theirs.numpy())),
        "iou": float(ious.min()) if len(ious) else 1.0,
        "sureness_apart": apart,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--official", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--images", nargs="*", choices=IMAGES, default=["640 x 480", "tall 301 x 1501"]
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    if not (options.official / "sam3").is_dir():
        print(f"sam3: skipped, there is no {options.official / 'sam3'}")
        return
    torch.set_num_threads(options.threads)
    rows = []
    with importing(options.official), tempfile.TemporaryDirectory() as folder:
        official = official_model(options.seed)
        heads = our_heads(official, Path(folder))
        print(f"{'':50} logits apart  least IoU  sureness apart")
        found = [found_by_both(official, heads, name) for name in options.images]
        for said in (*found, carried_by_both(official, heads)):
            for row in (row_of(*one) for one in said):
                rows.append(row)
                print(
                    f"{row['asked']:50} {row['apart']:11.1e} {row['iou']:10.5f}"
                    f"{row['sureness_apart']:14.1e}",
                    flush=True,
                )
    if options.json is not None:
        write_whole(options.json, json.dumps(rows, indent=1).encode())


if __name__ == "__main__":
    main()
