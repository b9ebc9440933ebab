"""Losses over logits (n, class, y, x) and truth (n, y, x); 255 counts for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from seggui.training.samples import IGNORE

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""``loss(logits_nchw, truth_nhw, class_weights_c)``; 0 when no pixel counts."""

FOCAL_GAMMA = 2.0
DICE_SMOOTH = 1.0


def cross_entropy(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """The mean over labelled pixels, each weighing as its class does."""
    pixels = functional.cross_entropy(
        logits, truth, weights, ignore_index=IGNORE, reduction="none"
    )
    return pixels.sum() / _weight_of(truth, weights).sum().clamp(min=1e-6)


def focal(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy in which easy pixels fade (Lin et al. 2017, arXiv:1708.02002)."""
    plain = functional.cross_entropy(
        logits, truth, ignore_index=IGNORE, reduction="none"
    )
    weight = _weight_of(truth, weights)
    pixels = weight * (1 - torch.exp(-plain)) ** FOCAL_GAMMA * plain
    return pixels.sum() / weight.sum().clamp(min=1e-6)


def dice(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """One minus the soft Dice of the classes that are there, over the whole batch.

    After Milletari et al. 2016, arXiv:1606.04797. Class weights play no part: each
    class counts the same already.
    """
    labelled = truth != IGNORE
    one_hot = functional.one_hot(truth.where(labelled, 0), logits.shape[1])
    one_hot = one_hot.permute(0, 3, 1, 2) * labelled[:, None]
    chances = logits.softmax(1) * labelled[:, None]
    axes = (0, 2, 3)
    common = (chances * one_hot).sum(axes)
    both = chances.sum(axes) + one_hot.sum(axes)
    present = one_hot.sum(axes) > 0
    each = 1 - (2 * common + DICE_SMOOTH) / (both + DICE_SMOOTH)
    return (each * present).sum() / present.sum().clamp(min=1)


TERMS: Mapping[str, Loss] = {"ce": cross_entropy, "dice": dice, "focal": focal}


def loss_of(text: str) -> Loss:
    """The loss that a text such as ``ce+dice`` names."""
    terms = [TERMS[name] for name in text.split("+")]

    def total(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        parts = [term(logits, truth, weights) for term in terms]
        return torch.stack(parts).sum()

    return total


def class_weights(pixels_by_class: Tensor) -> Tensor:
    """Weights that lift rare classes: one over the root of how often each comes.

    The mean over all pixels is 1, so the loss keeps its size; classes that never come
    weigh 1.
    """
    pixels = pixels_by_class.double()
    part = pixels / pixels.sum().clamp(min=1)
    raw = part.clamp(min=1e-4).rsqrt()
    weights = (raw / (raw * part).sum().clamp(min=1e-6)).clamp(0.1, 10.0)
    return torch.where(pixels > 0, weights, 1.0).float()


def _weight_of(truth: Tensor, weights: Tensor) -> Tensor:
    labelled = truth != IGNORE
    return weights[truth.where(labelled, 0)] * labelled
