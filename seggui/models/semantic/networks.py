"""The semantic networks: U-Net and those of torchvision."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import segmentation_models_pytorch as smp
from torch import Tensor, nn
from torchvision.models import segmentation as tv

Builder = Callable[[str, int, bool], nn.Module]
"""``builder(encoder, channels, auxiliary)``; no builder contacts a network."""


def _unet(encoder: str, channels: int, auxiliary: bool) -> nn.Module:
    # Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597. Naming no weights is
    # what keeps the library from downloading some.
    network: nn.Module = smp.Unet(encoder, encoder_weights=None, classes=channels)
    return network


def _torchvision(prefix: str) -> Builder:
    def build(encoder: str, channels: int, auxiliary: bool) -> nn.Module:
        make: Callable[..., nn.Module] = getattr(tv, f"{prefix}_{encoder}")
        extra = {"aux_loss": auxiliary} if prefix != "lraspp" else {}
        return make(weights=None, weights_backbone=None, num_classes=channels, **extra)

    return build


BUILDERS: Mapping[str, Builder] = {
    "unet": _unet,
    # Long et al. 2015, https://arxiv.org/abs/1411.4038
    "fcn": _torchvision("fcn"),
    # Chen et al. 2017, https://arxiv.org/abs/1706.05587
    "deeplabv3": _torchvision("deeplabv3"),
    # Howard et al. 2019, https://arxiv.org/abs/1905.02244
    "lraspp": _torchvision("lraspp"),
}

RELEASED_ENCODERS: Mapping[str, str] = {
    "fcn": "resnet50",
    "deeplabv3": "resnet50",
    "lraspp": "mobilenet_v3_large",
}
"""The encoders that torchvision's released weights belong to."""


def build(
    model: str, encoder: str, channels: int, *, auxiliary: bool = False
) -> nn.Module:
    """Return a network with random weights that maps (n, 3, y, x) to logits.

    ``auxiliary`` adds the second head that released checkpoints carry.
    """
    return BUILDERS[model](encoder, channels, auxiliary)


def logits_of(network: nn.Module, images_nchw: Tensor) -> Tensor:
    """Run the network; logits have axes (n, class, y, x)."""
    out = network(images_nchw)
    logits: Tensor = out["out"] if isinstance(out, Mapping) else out
    return logits
