"""Leaves and trees of regions: what belongs together is joined first."""

from __future__ import annotations

import numpy as np
import pytest

from seggui.models.prompted.boundaries import look_at
from seggui.models.prompted.pool import TASTES
from seggui.models.prompted.regions import Leaves, Taste, leaves_of, trees_of


@pytest.fixture(scope="module")
def leaves() -> Leaves:
    """A bright square on dark noise."""
    draw = np.random.default_rng(3)
    image = draw.integers(40, 70, (60, 80, 3))
    image[20:40, 30:50] += 150
    return leaves_of(look_at(image.astype(np.uint8), 1.5, 4.0), 5)


@pytest.mark.parametrize("taste", range(len(TASTES)))
def test_a_tree_is_the_same_alone_and_beside_others(leaves, taste):
    beside = trees_of(leaves, TASTES)[taste]
    (alone,) = trees_of(leaves, (TASTES[taste],))
    for leaf in range(leaves.count):
        np.testing.assert_array_equal(
            beside.members_along(leaf), alone.members_along(leaf)
        )


def test_regions_along_a_leaf_grow_from_it_to_everything(leaves):
    for tree in trees_of(leaves, TASTES):
        regions = tree.members_along(7)
        assert np.flatnonzero(regions[0]).tolist() == [7]
        assert regions[-1].all()
        assert (regions[1:] >= regions[:-1]).all()
        assert (regions[1:].sum(1) > regions[:-1].sum(1)).all()


def test_one_of_the_regions_is_the_square(leaves):
    inside = np.zeros(leaves.labels_hw.shape, dtype=bool)
    inside[20:40, 30:50] = True
    middle = int(leaves.labels_hw[30, 40])
    (tree,) = trees_of(leaves, TASTES[:1])
    regions = tree.members_along(middle)[:, leaves.labels_hw]
    overlap = (regions & inside).sum((1, 2)) / (regions | inside).sum((1, 2))
    assert overlap.max() > 0.85


def test_the_first_two_to_join_are_the_cheapest_pair_of_all(leaves):
    (tree,) = trees_of(leaves, (Taste(edge=1.0, look=0.0, colour=0.0, size=0.0),))
    one, two = leaves.pairs[np.argmin(leaves.strengths)]
    first = tree.members_along(int(one))[1]
    assert sorted(np.flatnonzero(first)) == sorted([one, two])


def test_a_picture_of_one_leaf_has_trees_of_one_region():
    leaves = leaves_of(look_at(np.zeros((3, 3, 3), np.uint8), 1.5, 4.0), 5)
    assert leaves.count == 1
    assert [t.members_along(0).tolist() for t in trees_of(leaves, TASTES)] == [
        [[True]]
    ] * len(TASTES)
