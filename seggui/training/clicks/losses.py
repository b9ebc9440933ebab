"""What the click network is trained to make small."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

GAMMA = 2.0
OVERLAP_WEIGHT = 1.0
QUALITY_WEIGHT = 0.25


def normalised_focal(logits: Tensor, truth: Tensor, inside: Tensor) -> Tensor:
    """Focal loss whose weights sum to one in each sample, over (n, y, x) in ``inside``.

    Hard pixels draw the attention without the whole loss fading as most pixels become
    right: Sofiiuk, Barinova and Konushin, "AdaptIS" (2019), equation 4.
    """
    plain = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    weight = (1.0 - torch.exp(-plain.detach())) ** GAMMA * inside
    total = weight.sum(dim=(1, 2)).clamp(min=1e-4)
    return ((weight * plain).sum(dim=(1, 2)) / total).mean()


def soft_jaccard(logits: Tensor, truth: Tensor, inside: Tensor) -> Tensor:
    """One minus the IoU of probabilities with the truth, mean over the samples."""
    likely = torch.sigmoid(logits) * inside
    common = (likely * truth).sum(dim=(1, 2))
    union = likely.sum(dim=(1, 2)) + truth.sum(dim=(1, 2)) - common
    return (1.0 - (common + 1.0) / (union + 1.0)).mean()


def overlap(
    logits: Tensor, truth: Tensor, inside: Tensor, beyond: Tensor | float = 0.0
) -> Tensor:
    """IoU of each mask, axis (n), not to be learnt from.

    ``beyond`` are pixels of each object outside the picture, axis (n).
    """
    mask = (logits.detach() > 0) & (inside > 0)
    wanted = truth > 0.5
    common = (mask & wanted).sum(dim=(1, 2))
    union = (mask | wanted).sum(dim=(1, 2))
    return common / (union + beyond).clamp(min=1)


def click_loss(
    logits: Tensor,
    quality: Tensor,
    truth: Tensor,
    inside: Tensor,
    beyond: Tensor | float = 0.0,
) -> Tensor:
    """The loss of a batch: pixels, their overlap, and the network's own expectation."""
    expected = functional.binary_cross_entropy_with_logits(
        quality, overlap(logits, truth, inside, beyond)
    )
    return (
        normalised_focal(logits, truth, inside)
        + OVERLAP_WEIGHT * soft_jaccard(logits, truth, inside)
        + QUALITY_WEIGHT * expected
    )
