"""The short ways inside the networks give what the long ways give."""

import pytest
import torch
from first_tiny import VARIANTS, network_of, seeded
from torch import nn
from torch.nn import functional

from seggui.models.prompted.sam import vit
from seggui.models.prompted.sam.decoder import doubled, in_cells, laid_out
from seggui.models.prompted.sam.tinyvit import ConvNorm, WindowAttention
from seggui.models.prompted.sam.twoway import FEW, Attention


def tokens(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [1, 7, FEW])
def test_projections_may_be_moved_to_the_side_of_the_marks(count):
    attention = seeded(Attention(16, 8, 2))
    marks, image = tokens(2, count, 16), tokens(2, 25, 16, seed=1)
    placed = image + tokens(25, 16, seed=2)
    with torch.inference_mode():
        long = attention(marks, placed, image)
        assert torch.allclose(
            attention.marks_to_image(marks, placed, image), long, atol=1e-5
        )
        back = image + attention(placed, marks, marks + 1)
        short = attention.image_to_marks(image, placed, marks, marks + 1)
        assert torch.allclose(short, back, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 5, 10_000])
def test_attention_in_rows_is_attention(rows, monkeypatch):
    encoder = network_of("vit").image_encoder
    square = tokens(1, 3, 64, 64)
    with torch.inference_mode():
        whole = encoder(square)[0]
        monkeypatch.setattr(vit, "ROWS", rows)
        assert torch.allclose(encoder(square)[0], whole, atol=1e-5)


def test_the_filling_of_windows_is_zero_before_the_norm():
    layer = seeded(WindowAttention(8, 2, 3))
    plane = tokens(1, 4, 5, 8)
    padded = functional.pad(plane, (0, 0, 0, 1, 0, 2))
    wished = torch.zeros(1, 6, 6, 8)
    for row in (0, 3):
        for column in (0, 3):
            window = padded[:, row : row + 3, column : column + 3].reshape(9, 8)
            out = by_hand(layer, window)
            wished[0, row : row + 3, column : column + 3] = out.view(3, 3, 8)
    with torch.inference_mode():
        assert torch.allclose(layer(plane), wished[:, :4, :5], atol=1e-5)


def by_hand(layer, window):
    """Attention of nine tokens, head by head, as the paper writes it."""
    qkv = layer.qkv(layer.norm(window)).view(9, 2, 3, 4)
    seen = []
    for head in range(2):
        query, key, value = qkv[:, head].unbind(1)
        scores = query @ key.T / 2.0
        for one in range(9):
            for two in range(9):
                down, across = abs(one // 3 - two // 3), abs(one % 3 - two % 3)
                bias = layer.attention_biases[head, down * 3 + across]
                scores[one, two] = scores[one, two] + bias
        seen.append(scores.softmax(-1) @ value)
    return layer.proj(torch.cat(seen, dim=1)).detach()


def test_a_batch_norm_becomes_part_of_its_convolution():
    layer = seeded(ConvNorm(4, 6, 3, 2)).eval()
    plane = tokens(1, 9, 9, 4)
    with torch.inference_mode():
        before = layer(plane)
    layer.fold()
    assert not hasattr(layer, "bn")
    with torch.inference_mode():
        assert torch.allclose(layer(plane), before, atol=1e-5)


def test_two_doublings_on_tokens_are_two_transposed_convolutions():
    first = seeded(nn.ConvTranspose2d(8, 6, 2, 2))
    second = seeded(nn.ConvTranspose2d(6, 4, 2, 2), seed=1)
    plane = tokens(2, 8, 3, 3)
    with torch.inference_mode():
        long = second(first(plane))
        flat = plane.flatten(2).transpose(1, 2)
        short = laid_out(doubled(doubled(flat, first), second), 3)
    assert torch.allclose(short, long, atol=1e-5)
    laid = long.flatten(2).transpose(1, 2).view(2, 12, 12, 4)
    cells = in_cells(long, 2)
    # A cell, the quarter of it in reading order, and the quarter of that.
    assert torch.equal(cells[1, 3 * 1 + 2, 2, 1], laid[1, 4 * 1 + 2, 4 * 2 + 1])
    assert torch.equal(laid_out(cells, 3), long)


@pytest.mark.parametrize("name", VARIANTS)
def test_answers_vary_with_the_image_and_with_the_prompt(name):
    # Constant outputs would make every comparison of this folder pass.
    encoder = network_of(name).image_encoder
    with torch.inference_mode():
        one, two = (encoder(tokens(1, 3, 64, 64, seed=s))[0] for s in (0, 1))
    assert (one - two).abs().mean() > 0.05
    assert one.flatten(2).std(-1).mean() > 0.05
