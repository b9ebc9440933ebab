"""The networks of SAM 3: one encoder, a detector of concepts, a tracker of objects.

Carion et al., "SAM 3: Segment Anything with Concepts" (2025), arXiv:2511.16719. The
code of the networks is that of transformers; nothing is ever fetched from its hub.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor
from transformers import AutoTokenizer, Sam3VideoConfig, Sam3VideoModel
from transformers.initialization import no_init_weights
from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

from seggui.core.ports import ModelInfo
from seggui.errors import BadRequest, Unreadable
from seggui.models.devices import Device
from seggui.models.prompted.sam.checkpoint import fill, folder_of, read_checkpoint
from seggui.models.prompted.sam.sam2 import Sam2Heads, Seen
from seggui.models.prompted.sam.sam2_networks import Opened
from seggui.models.prompted.sam.sam3_names import of_sam3_release

_MIDDLE: Final = (127.5, 127.5, 127.5)
"""The mean and the deviation that it was trained with."""
_TYPE: Final = "sam3_video"
_MOST_TOKENS: Final = 32
_MOST_TEXTS: Final = 32
"""Texts whose features are kept."""
_EXAMPLES_ONLY: Final = "visual"
"""What the network was trained to read where there are examples and no words."""
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_UNSEEN = -10
"""The label by which transformers knows a box that only fills a row."""


def open_network(info: ModelInfo, path: Path) -> Opened:
    """Open ``sam3.pt``, or the folder of Hugging Face.

    Raises ``MissingWeights`` when nothing is there, ``Unreadable`` for what is
    damaged or another model.
    """
    checkpoint = read_checkpoint(path)
    if checkpoint.config is None:
        config, state = Sam3VideoConfig(), of_sam3_release(checkpoint.state)
    else:
        place = checkpoint.path / "config.json"
        kind = str(checkpoint.config.get("model_type", ""))
        if kind != _TYPE:
            raise Unreadable(
                place,
                f"it describes a model of type {kind!r}, and {info.title} is {_TYPE}",
            )
        state = checkpoint.state
        try:
            config = Sam3VideoConfig.from_dict(dict(checkpoint.config))
        except (StrictDataclassError, TypeError, ValueError, KeyError) as error:
            raise Unreadable(place, f"it describes no {info.title}") from error
    with no_init_weights():
        network: Any = Sam3VideoModel(config)
    fill(network, checkpoint, state, info.title)
    network.eval().requires_grad_(False)
    return Opened(network, checkpoint.digest, path)


class Sam3Heads(Sam2Heads):
    """The tracker's heads, which are those of SAM 2, behind the shared encoder."""

    mean = deviation = _MIDDLE
    sharp = False

    def __init__(self, network: Any, device: Device, precision: str = "auto") -> None:  # noqa: ANN401 - of transformers
        self.whole = network
        super().__init__(network.tracker_model, device, precision)

    def move(self, device: Device) -> None:
        self.whole.to(device.torch)
        super().move(device)

    def trunk(self, square: Tensor) -> Tensor:
        """What the shared encoder sees, axes (1, channel, y, x)."""
        encoder = self.whole.detector_model.vision_encoder.backbone
        with self.computing():
            out = encoder(square.to(self.device)).last_hidden_state
        plane: Tensor = out.float().transpose(1, 2)
        return plane.reshape(1, -1, self.grid, self.grid)

    def see(self, square: Tensor) -> Seen:
        return self.tracked(self.trunk(square))

    def tracked(self, trunk: Tensor) -> Seen:
        """The maps of the tracker."""
        with self.computing():
            maps, places = self.whole.tracker_neck(trunk)
        # The fourth map is half as fine again, and neither head reads it.
        return self.seen(maps[:3], places[2])


class Concepts:
    """The detector: everything in an image that words or examples mean."""

    def __init__(self, heads: Sam3Heads, path: Path, title: str) -> None:
        self._heads = heads
        self._detector: Any = heads.whole.detector_model
        self._folder = folder_of(path) or path.parent
        self._title = title
        self._tokenizer: Any = None
        self._texts: OrderedDict[tuple[str, torch.device], tuple[Any, Tensor]] = (
            OrderedDict()
        )

    @torch.inference_mode()
    def find(
        self, trunk: Tensor, text: str, boxes: Sequence[Sequence[float]]
    ) -> tuple[Tensor, Tensor]:
        """Logits of axes (object, y, x) over the square, and how sure each is.

        ``boxes`` are left, top, right and bottom as shares of the square's side.
        Raises ``BadRequest`` when the files that turn words into tokens are missing.
        """
        device = self._heads.device
        # On the processor torchvision cannot look into boxes in bfloat16.
        half = self._heads.half and device.type != "cpu"
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            features, there = self._text(text or _EXAMPLES_ONLY)
            neck = self._detector.vision_encoder.neck
            maps, places = neck(trunk.to(device, torch.float32))
            seen = Sam3VisionEncoderOutput(
                fpn_hidden_states=maps, fpn_position_encoding=places
            )
            out = self._detector(
                vision_embeds=seen,
                text_embeds=features,
                attention_mask=there,
                **_examples(boxes, device),
            )
        # Whether it is in the image at all, and then which of the queries it is.
        sure = out.pred_logits.float().sigmoid() * out.presence_logits.float().sigmoid()
        return out.pred_masks[0].float(), sure[0]

    def _text(self, text: str) -> tuple[Any, Tensor]:
        device = self._heads.device
        # What was read before the network moved lies on the device that it left.
        known = text, device
        if known not in self._texts:
            read = self._tokens(text)
            tokens = read["input_ids"].to(device)
            there = read["attention_mask"].to(device)
            features = self._detector.get_text_features(
                input_ids=tokens, attention_mask=there, return_dict=True
            )
            self._texts[known] = (features, there)
        self._texts.move_to_end(known)
        while len(self._texts) > _MOST_TEXTS:
            self._texts.popitem(last=False)
        return self._texts[known]

    def _tokens(self, text: str) -> Any:  # noqa: ANN401 - of transformers
        if self._tokenizer is None:
            self._tokenizer = self._opened_tokenizer()
        return self._tokenizer(
            text,
            return_tensors="pt",
            padding="max_length",
            truncation=True,
            max_length=_MOST_TOKENS,
        )

    def _opened_tokenizer(self) -> Any:  # noqa: ANN401 - of transformers
        try:
            return AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadRequest(
                f"{self._title} reads words and examples with the files tokenizer.json "
                f"and tokenizer_config.json beside its weights in {self._folder}, and "
                "they are missing or damaged. Put them there from the model's page; "
                "clicks and boxes work without."
            ) from error


def _examples(
    boxes: Sequence[Sequence[float]], device: torch.device
) -> dict[str, Tensor]:
    """Boxes as the detector reads them: middle and size.

    Without any it is shown one that it must not look at: the official code has it read
    the token that stands for all examples even when there are none, and transformers
    leaves that token out unless it is given a box.
    """
    ends = torch.tensor(boxes or [_WHOLE], dtype=torch.float32, device=device)
    middles = (ends[:, :2] + ends[:, 2:]) / 2
    sizes = ends[:, 2:] - ends[:, :2]
    labels = torch.full((1, len(ends)), 1 if boxes else _UNSEEN, device=device)
    return {
        "input_boxes": torch.cat([middles, sizes], dim=1)[None],
        "input_boxes_labels": labels,
    }
