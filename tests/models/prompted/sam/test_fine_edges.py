"""Edges that follow the image where a cell covers many pixels."""

import cv2
import numpy as np

from seggui.models.prompted.sam.fine_edges import COARSE, following


def scene(cell):
    """A red disc on blue, and what a network of coarse cells would say of it."""
    rows, columns = np.mgrid[:320, :300]
    disc = np.hypot(rows - 150.3, columns - 140.8) < 83
    image = np.where(disc[..., None], (200, 60, 50), (40, 70, 150)).astype(np.uint8)
    shares = disc.astype(np.float32)
    size = (300 // cell, 320 // cell)
    small = cv2.resize(shares, size, interpolation=cv2.INTER_AREA)
    chances = np.clip(cv2.GaussianBlur(small, (0, 0), 1.0), 0.01, 0.99)
    moved = np.log(chances / (1 - chances)) - 0.8  # the network draws it too small
    return image, disc, cv2.resize(moved, (300, 320), interpolation=cv2.INTER_LINEAR)


def iou(one, two):
    return (one & two).sum() / (one | two).sum()


def test_an_edge_moves_to_where_the_colours_change():
    image, disc, logits = scene(16)
    before, after = iou(logits > 0, disc), following(logits, image, 16) > 0
    assert iou(after, disc) > before + 0.02


def test_on_small_cells_the_edge_stays_as_it_is():
    image, _, logits = scene(4)
    assert np.array_equal(following(logits, image, COARSE - 0.1), logits)


def test_without_an_edge_in_the_image_the_answer_stays_about_the_same():
    _, _, logits = scene(16)
    flat = np.full((320, 300, 3), 90, np.uint8)
    assert iou(following(logits, flat, 16) > 0, logits > 0) > 0.97


def test_what_is_beyond_doubt_is_left_alone():
    image, _, logits = scene(16)
    logits = logits * 4
    sure = np.abs(logits) >= 4
    assert np.array_equal(following(logits, image, 16)[sure], logits[sure])


def test_where_the_network_is_unsure_of_everything_there_is_no_edge_to_follow():
    image, _, logits = scene(16)
    unsure = logits * 0.1
    assert np.array_equal(following(unsure, image, 16), unsure)
