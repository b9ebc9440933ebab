from itertools import chain

import numpy as np
import pytest
from scenes_for_clicks import two_discs

from seggui.metrics.masks import iou
from seggui.models.prompted.clicknet.channels import NAMES, SIDE
from seggui.training.clicks.follow import boards_of, quality_of, series
from seggui.training.clicks.play import board_of, game, mistaken
from seggui.training.clicks.scenes import ClickScene

PREVIOUS = NAMES.index("mask so far")
INSIDE = NAMES.index("inside the image")


def plane(sample, name):
    return sample.shown_chw[NAMES.index(name)]


def states(seed, games=6):
    draw = np.random.default_rng(seed)
    out = []
    while len(out) < games:
        board = board_of(two_discs(seed), 0, draw)
        if board is not None:
            out.append(list(game(board, None, draw)))
    return out


def test_a_board_without_chance_shows_the_object_in_its_middle():
    board = board_of(two_discs(), 0, None, margin=1.5)
    rows, columns = np.nonzero(board.truth_hw)
    height, width = board.truth_hw.shape
    assert max(height, width) == SIDE
    assert abs(columns.mean() - width / 2) < width * 0.05
    assert abs(rows.mean() - height / 2) < height * 0.05


def test_an_object_that_fills_its_window_is_no_board():
    full = ClickScene(np.zeros((30, 30, 3), np.uint8), (np.ones((30, 30), bool),))
    assert board_of(full, 0, None) is None


def test_each_state_shows_its_clicks_and_the_mask_before_them():
    for one in states(1):
        for turn, state in enumerate(one):
            clicked = plane(state, "positive clicks") | plane(state, "negative clicks")
            assert bool(clicked.any()) == (state.clicks > 0)
            truth = state.truth_hw > 127
            inside = state.shown_chw[INSIDE] > 0
            before = (state.shown_chw[PREVIOUS] > 127) & inside
            assert iou(before, truth) == pytest.approx(state.before, abs=1e-6)
            assert not (truth & ~inside).any()
            if turn:
                assert state.clicks == one[turn - 1].clicks + 1


def test_games_start_from_nothing_from_boxes_and_from_mistakes():
    first = [one[0] for seed in range(4) for one in states(seed, games=12)]
    boxes = [state for state in first if plane(state, "box").any()]
    masks = [state for state in first if plane(state, "mask so far").any()]
    assert boxes
    assert masks
    assert len(boxes) + len(masks) < len(first)
    assert all(state.clicks == 0 for state in boxes)


def test_a_mistaken_mask_is_wrong_somewhere_and_about_the_object():
    draw = np.random.default_rng(4)
    board = board_of(two_discs(), 0, None)
    found = [iou(mistaken(board, draw), board.truth_hw) for _ in range(20)]
    assert min(found) < 0.9
    assert np.mean(found) > 0.4


def test_the_same_seed_plays_the_same_games():
    one, two = states(7), states(7)
    for a, b in zip(chain(*one), chain(*two), strict=True):
        assert np.array_equal(a.shown_chw, b.shown_chw)


def test_a_network_that_knows_the_truth_needs_one_click():
    board = board_of(two_discs(), 0, None)
    truth = np.zeros((SIDE, SIDE), np.float32)
    truth[: board.truth_hw.shape[0], : board.truth_hw.shape[1]] = board.truth_hw
    assert series(board, lambda _: truth) == (1.0,)
    quality = quality_of([board], lambda _: truth)
    assert (quality.iou1, quality.noc85) == (1.0, 1.0)


def test_a_network_that_sees_nothing_uses_up_its_clicks():
    boards = boards_of([two_discs()])
    assert len(boards) == 2
    quality = quality_of(boards, lambda _: np.zeros((SIDE, SIDE), np.float32))
    assert quality.iou5 < 0.1
    assert quality.noc85 == 8


def test_a_first_look_knows_how_much_of_the_object_it_does_not_reach():
    scene = two_discs()
    area = np.count_nonzero(scene.objects[0])
    whole = board_of(scene, 0, None, margin=1.5)
    assert whole.beyond == 0
    draw = np.random.default_rng(3)
    cut = [board for _ in range(40) if (board := board_of(scene, 0, draw)) is not None]
    assert any(board.beyond > 0.1 * area for board in cut)
    for board in cut:
        for state in game(board, None, draw):
            begun = plane(state, "mask so far").any()
            assert state.beyond == (0.0 if begun else board.beyond)
