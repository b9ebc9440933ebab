"""The mask decoder of SAM 2.1, EdgeTAM and SAM 3 on tokens all the way.

That of SAM with two finer maps of the image and a token for whether there is an object
(Ravi et al., "SAM 2", 2024, appendix C). What belongs to the image alone is made ready
once for all prompts on it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import torch
from torch import Tensor, nn

from seggui.models.prompted.sam.decoder import MaskDecoder, in_cells
from seggui.models.prompted.sam.twoway import Head

# From the names of transformers back to those of the releases.
_NAMES: Final = (
    (r"^upscale_conv1\.", "output_upscaling.0."),
    (r"^upscale_layer_norm\.", "output_upscaling.1."),
    (r"^upscale_conv2\.", "output_upscaling.3."),
    (r"\.o_proj\.", ".out_proj."),
    (r"\.layer_norm(\d)\.", r".norm\1."),
    (r"\.layer_norm_final_attn\.", ".norm_final_attn."),
    (r"\.mlp\.proj_in\.", ".mlp.lin1."),
    (r"\.mlp\.proj_out\.", ".mlp.lin2."),
    (r"(mlps\.\d|head)\.layers\.0\.", r"\1.layers.1."),
    (r"(mlps\.\d|head)\.proj_in\.", r"\1.layers.0."),
    (r"(mlps\.\d|head)\.proj_out\.", r"\1.layers.2."),
)


class SecondDecoder(MaskDecoder):
    """From marks and three maps of the image to masks and what the memory keeps."""

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - of transformers
        width = config.hidden_size
        super().__init__(
            width, config.mlp_dim, config.num_attention_heads, config.num_hidden_layers
        )
        self.iou_prediction_head = Head(width, config.iou_head_hidden_dim, 4)
        self.obj_score_token = nn.Embedding(1, width)
        self.pred_obj_score_head = Head(width, width, 1)
        self.conv_s0 = nn.Conv2d(width, width // 8, 1)
        self.conv_s1 = nn.Conv2d(width, width // 4, 1)
        self.steady: float = 0.0
        """A single mask less stable than this gives way to the best of three."""
        if config.dynamic_multimask_via_stability:
            self.steady = config.dynamic_multimask_stability_thresh
        self.offset: float = config.dynamic_multimask_stability_delta

    def finer(self, quarter: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
        """What the encoder sees finer than its cells, as the decoder adds it.

        Planes of a quarter and of half a cell in; in cells, (1, cell, 4, 4, channel)
        and (1, cell, 4, channel), out.
        """
        first, _, _, second, _ = self.output_upscaling
        assert isinstance(first.bias, Tensor)
        assert isinstance(second.bias, Tensor)
        fine = in_cells(self.conv_s0(quarter), 2) + second.bias
        return fine, in_cells(self.conv_s1(half), 1) + first.bias

    def answers(
        self,
        asked: Tensor,
        maps: tuple[Tensor, Tensor, Tensor],
        places: Tensor,
        *,
        several: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits, expected IoU, the masks' tokens and whether there is an object.

        ``maps`` are the fine and the middle one as ``finer`` gives them, and the coarse
        one as tokens. Axes (batch, mask, y, x), (batch, mask), (batch, mask, channel)
        and (batch, 1). One mask, or three with ``several``; the one is the best of the
        three where it is not stable, and its token stays its own.
        """
        fine, middle, image = maps
        own = torch.cat([self.obj_score_token.weight, self._own_tokens()])
        marks, image = self._transformed(own, asked, image, places)
        tokens = marks[:, 2:6]
        pixels = self._pixels(image, (middle, fine))
        quality = self.iou_prediction_head(marks[:, 1]).sigmoid()
        there = self.pred_obj_score_head(marks[:, 0])
        if several:
            masks = self._masks(tokens, pixels, slice(1, 4))
            return masks, quality[:, 1:], tokens[:, 1:], there
        masks = self._masks(tokens, pixels, slice(0, 1))
        shaky = self._stability(masks) < self.steady
        best = quality[:, 1:].argmax(1) + 1
        chosen = torch.where(shaky, best, torch.zeros_like(best))
        for index in shaky.nonzero()[:, 0].tolist():
            one, which = slice(index, index + 1), int(best[index])
            masks[one] = self._masks(tokens[one], pixels[one], slice(which, which + 1))
        return masks, quality.gather(1, chosen[:, None]), tokens[:, :1], there

    def _stability(self, masks: Tensor) -> Tensor:
        """IoU of each first mask at a threshold a little higher and a little lower."""
        logits = masks[:, 0].flatten(1)
        high = (logits > self.offset).sum(1).float()
        low = (logits > -self.offset).sum(1).float()
        return torch.where(low > 0, high / low, torch.ones_like(low))


def second_decoder(decoder: Any) -> SecondDecoder:  # noqa: ANN401 - of transformers
    """The same decoder as that of transformers, with the same tensors."""
    out = SecondDecoder(decoder.config)
    state = {}
    for name, value in decoder.state_dict().items():
        for pattern, new in _NAMES:
            name = re.sub(pattern, new, name)
        state[name] = value
    out.load_state_dict(state, assign=True)
    return out.eval().requires_grad_(False)
