import numpy as np
import pytest
import torch

from seggui.training.losses import TERMS, class_weights, loss_of

WEIGHTS = torch.tensor([0.5, 1.0, 3.0])


def case(seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((2, 3, 5, 4), generator=generator, dtype=torch.float64)
    truth = torch.randint(0, 3, (2, 5, 4), generator=generator)
    truth[0, :2] = 255
    return logits, truth


def plain(logits, truth):
    """Probabilities (pixel, class) and classes of the labelled pixels, in numpy."""
    flat = logits.permute(0, 2, 3, 1).reshape(-1, 3).numpy()
    chances = np.exp(flat) / np.exp(flat).sum(1, keepdims=True)
    classes = truth.reshape(-1).numpy()
    return chances[classes != 255], classes[classes != 255]


def test_cross_entropy_is_the_weighted_mean_over_labelled_pixels():
    logits, truth = case()
    chances, classes = plain(logits, truth)
    weight = WEIGHTS.numpy()[classes]
    own = chances[np.arange(len(classes)), classes]
    expected = -(weight * np.log(own)).sum() / weight.sum()
    assert TERMS["ce"](logits, truth, WEIGHTS.double()).item() == pytest.approx(
        expected
    )


def test_focal_fades_easy_pixels_by_the_square():
    logits, truth = case()
    chances, classes = plain(logits, truth)
    weight = WEIGHTS.numpy()[classes]
    own = chances[np.arange(len(classes)), classes]
    expected = -(weight * (1 - own) ** 2 * np.log(own)).sum() / weight.sum()
    found = TERMS["focal"](logits, truth, WEIGHTS.double())
    assert found.item() == pytest.approx(expected)


def test_dice_is_the_mean_over_classes_that_are_there():
    logits, truth = case()
    truth[truth == 2] = 1
    chances, classes = plain(logits, truth)
    each = []
    for number in (0, 1):
        there = classes == number
        common = chances[there, number].sum()
        both = chances[:, number].sum() + there.sum()
        each.append(1 - (2 * common + 1) / (both + 1))
    found = TERMS["dice"](logits, truth, WEIGHTS.double())
    assert found.item() == pytest.approx(np.mean(each))


def test_a_sum_is_the_sum_of_its_terms():
    logits, truth = case()
    total = loss_of("ce+dice")(logits, truth, WEIGHTS.double())
    parts = [TERMS[name](logits, truth, WEIGHTS.double()) for name in ("ce", "dice")]
    assert total.item() == pytest.approx(sum(parts).item())


@pytest.mark.parametrize("name", TERMS)
def test_unlabelled_pixels_have_no_gradient(name):
    logits, truth = case()
    logits.requires_grad_()
    TERMS[name](logits, truth, WEIGHTS.double()).backward()
    labelled = (truth != 255)[:, None].expand_as(logits)
    assert (logits.grad[~labelled] == 0).all()
    assert (logits.grad[labelled] != 0).any()


@pytest.mark.parametrize("name", TERMS)
def test_nothing_labelled_costs_nothing_and_is_a_number(name):
    logits, truth = case()
    loss = TERMS[name](
        logits.requires_grad_(), torch.full_like(truth, 255), WEIGHTS.double()
    )
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(logits.grad).all()


def test_rare_classes_weigh_more_and_the_mean_over_pixels_is_one():
    pixels = torch.tensor([900, 90, 10, 0])
    weights = class_weights(pixels)
    assert weights[0] < weights[1] < weights[2]
    assert weights[3] == 1
    mean = (weights * pixels).sum() / pixels.sum()
    assert mean.item() == pytest.approx(1, abs=0.05)
