"""torchvision's Mask R-CNN (He et al. 2017, https://arxiv.org/abs/1703.06870)."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection._utils import overwrite_eps
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops.misc import FrozenBatchNorm2d

LEARNT_REGIONS = 128
"""Regions of an image that each step learns from. A quarter of them go through the
mask head, which takes most of the time: a step of two images of 320 pixels takes 3.1 s
of processor time, with torchvision's 512 it takes 5.5 s."""

RELEASED_REGIONS = 512

RELEASED_SIDES = (800, 1333)
"""Shorter and longest side that the released weights were trained with."""


def build(encoder: str, channels: int, *, longest_side: int) -> MaskRCNN:
    """Return a Mask R-CNN to train from scratch; ``channels`` counts the background.

    Group normalisation (Wu and He 2018, https://arxiv.org/abs/1803.08494) stands in
    for batch normalisation, which learns nothing useful from batches of one or two.
    """
    return _network(
        encoder,
        channels,
        _group_norm,
        (longest_side, longest_side),
        regions=LEARNT_REGIONS,
    )


def build_released(channels: int = 91) -> MaskRCNN:
    """Return the network that torchvision's released weights belong to."""
    network = _network("resnet50", channels, FrozenBatchNorm2d, RELEASED_SIDES)
    overwrite_eps(network, 0.0)  # the released weights were trained so
    return network


def _group_norm(features: int) -> nn.Module:
    return nn.GroupNorm(min(32, features), features)


def _network(
    encoder: str,
    channels: int,
    norm: Callable[[int], nn.Module],
    sides: tuple[int, int],
    *,
    regions: int = RELEASED_REGIONS,
) -> MaskRCNN:
    backbone = resnet_fpn_backbone(
        backbone_name=encoder, weights=None, norm_layer=norm, trainable_layers=5
    )
    shorter, longest = sides
    network: MaskRCNN = MaskRCNN(
        backbone,
        channels,
        box_batch_size_per_image=regions,
        min_size=shorter,
        max_size=longest,
        rpn_anchor_generator=AnchorGenerator(
            tuple((size,) for size in (32, 64, 128, 256, 512)), ((0.5, 1.0, 2.0),) * 5
        ),
    )
    return network
