from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seggui.errors import BadRequest
from seggui.training.split import GROUPS, sequence_of, split


@dataclass(frozen=True)
class Named:
    name: str
    folder: str = "."


def items(*names):
    return [Named(name, name.rpartition("/")[0] or ".") for name in names]


FILMS = items(*(f"film{f}_{n:04}.png" for f in "abcdef" for n in range(7)))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1000), st.sampled_from(["sequence", "folder", "none"]))
def test_every_image_is_on_one_side_and_both_sides_have_some(seed, group_by):
    found = split(FILMS, 0.2, seed, group_by)
    assert sorted((*found.training, *found.validation)) == list(range(len(FILMS)))
    assert found.training
    assert found.validation


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1000))
def test_frames_of_one_film_are_never_on_both_sides(seed):
    found = split(FILMS, 0.2, seed, "sequence")
    films = [
        {sequence_of(FILMS[i]) for i in side}
        for side in (found.training, found.validation)
    ]
    assert not films[0] & films[1]


def test_the_same_seed_splits_the_same_and_another_differently():
    assert split(FILMS, 0.3, 1, "none") == split(FILMS, 0.3, 1, "none")
    assert split(FILMS, 0.3, 1, "none") != split(FILMS, 0.3, 2, "none")


def test_one_sequence_alone_is_cut_at_its_end_and_says_so():
    frames = items(*(f"frame {n}.png" for n in range(1, 12)))
    found = split(frames, 0.2, 0, "sequence")
    assert [frames[i].name for i in found.validation] == [
        "frame 10.png",
        "frame 11.png",
    ]
    assert "one sequence" in found.note


def test_a_huge_sequence_does_not_end_up_as_validation():
    many = items(*(f"big_{n}.png" for n in range(80)), "x_1.png", "y_1.png", "z_1.png")
    for seed in range(20):
        assert len(split(many, 0.1, seed, "sequence").validation) <= 12


def test_two_groups_leave_one_to_learn_from():
    found = split(items("a_1.png", "a_2.png", "b_1.png"), 0.9, 0, "sequence")
    assert found.training
    assert found.validation


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_refused_in_words(count):
    with pytest.raises(BadRequest, match="at least two labelled images and found"):
        split(FILMS[:count], 0.2, 0, "none")


def test_folders_keep_together():
    found = GROUPS["folder"]
    assert found(Named("x/1.png", "x")) == found(Named("x/2.png", "x"))
