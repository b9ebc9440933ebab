"""Practising on one's own objects, through the model as it is used."""

import numpy as np
import pytest
import torch
from scenes_for_clicks import two_discs

from seggui.errors import BadRequest
from seggui.models.prompted.clicknet.channels import NAMES, SIDE
from seggui.models.prompted.clicknet.engine import Engine
from seggui.models.prompted.clicknet.following import close_side
from seggui.models.prompted.clicknet.looking import HABITS, Habits
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.clicks import practice
from seggui.training.clicks.in_use import Clicker, Watched, measured
from seggui.training.clicks.loop import smaller_truth
from seggui.training.clicks.objects import (
    PRIOR,
    SLACK,
    experience,
    habits_of,
    objects_in,
    sizes_in,
)
from seggui.training.clicks.play import most_covered
from seggui.training.clicks.practice import Practice, halfway, same
from seggui.training.clicks.scenes import ClickScene
from seggui.training.clicks.task import built_in
from seggui.training.samples import Sample


def sample_of(seed=0):
    scene = two_discs(seed)
    labels = np.zeros(scene.image_hwc.shape[:2], np.int32)
    for number, mask in enumerate(scene.objects, start=1):
        labels[mask] = number
    channels = (labels > 0).astype(np.uint8)
    return Sample(f"{seed}.png", scene.image_hwc, channels, labels)


def test_a_game_in_use_shows_the_truth_of_each_window_that_was_looked_at():
    sight = Watched(two_discs())
    clicks = list(Clicker(Engine(built_in())).game(sight, 0, 3))
    assert clicks[0].states
    assert clicks[-1].iou > 0.5
    for number, click in enumerate(clicks, start=1):
        for state in click.states:
            assert state.clicks == number
            inside = state.shown_chw[NAMES.index("inside the image")] > 0
            truth = state.truth_hw > 127
            assert truth.any()
            assert not (truth & ~inside).any()
    # The click in the middle of the disc lies on the truth of its window.
    first = clicks[0].states[0]
    clicked = first.shown_chw[NAMES.index("positive clicks")] > 0
    assert (first.truth_hw > 127)[clicked].all()


def test_measuring_leaves_no_habits_of_another_network():
    sight = Watched(two_discs())
    engine = Engine(built_in())
    quality = measured(engine, [sight], Habits(0.0, 10.0, 90.0))
    assert sight.habits == Habits(0.0, 10.0, 90.0)
    assert quality.objects == 2
    assert 1 <= quality.noc85 <= 6
    measured(engine, [sight])
    assert sight.habits == HABITS


def test_practice_gives_batches_of_states_and_uses_each_several_times():
    torch.manual_seed(0)
    played = Practice(ClickNet().eval(), HABITS, 4, seed=1)
    samples = [sample_of(0), sample_of(1)]
    for _ in range(6):
        planes, truth, beyond = played.batch(samples)
        assert beyond.shape == (4,)
        assert planes.shape == (4, len(NAMES), SIDE, SIDE)
        assert truth.shape == (4, SIDE, SIDE)
        assert 0 < float((truth > 127).float().mean()) < 1


def test_images_of_nothing_are_refused_in_a_sentence():
    full = Sample("full.png", np.zeros((40, 60, 3), np.uint8), np.ones((40, 60), "u1"))
    with pytest.raises(BadRequest, match=r"objects on full\.png fill their images"):
        Practice(ClickNet().eval(), HABITS, 2, seed=1).batch([full])


def test_habits_are_the_sizes_of_most_objects():
    samples = [sample_of(seed) for seed in range(3)]
    sides = [side for one in samples for side in objects_in(one).sides()]
    assert sorted(set(sides)) == [39, 49]
    habits = habits_of(sizes_in(samples))
    # Six objects against a prior of twenty.
    assert habits.classic_share == pytest.approx(HABITS.classic_share * 20 / 26)
    assert habits.least_side == pytest.approx(39 / SLACK)
    assert habits.most_side == pytest.approx(49 * SLACK)
    # Two objects say nothing of the next ones.
    assert habits_of(sizes_in(samples[:1])).most_side == HABITS.most_side


def lined(length=400, width=2):
    labels = np.zeros((60, length + 40), np.int32)
    labels[29 : 29 + width, 20 : 20 + length] = 1
    image = np.zeros((*labels.shape, 3), np.uint8)
    return Sample("line.png", image, (labels > 0).astype(np.uint8), labels)


def test_long_thin_objects_are_lines_of_a_width_and_teach_more_than_one():
    sizes = sizes_in([lined()])
    assert (sizes.sides, sizes.areas, sizes.edges) == ([400], [800], [800])
    assert habits_of(sizes).line_width == pytest.approx(2.0)
    windows = 400 / close_side(2.0)
    assert experience(sizes) == pytest.approx(windows / (windows + PRIOR))
    # As compact as discs are, they are no lines.
    assert habits_of(sizes_in([sample_of(0)])).line_width == 0


def test_a_line_is_followed_in_games_as_it_is_in_use():
    sample = lined()
    line = sample.instances_hw > 0
    image = np.where(line[..., None], np.uint8([220, 220, 220]), np.uint8([40, 40, 40]))
    sight = Watched(ClickScene(image, (line,)), habits_of(sizes_in([sample])))

    def bright(bytes_chw):
        return (bytes_chw[NAMES.index("red")] > 130).astype(np.float32) * 0.9, 0.9

    (click,) = Clicker(bright).game(sight, 0, 1)
    assert len(click.states) > 4, "windows beside each other"
    assert [state.beyond > 0 for state in click.states[:2]] == [True, False]
    assert click.iou > 0.8


class Read(list):
    """Samples that count how often they are read."""

    times = 0

    def __getitem__(self, place):
        self.times += 1
        return super().__getitem__(place)


def test_each_sample_is_read_once_to_measure_its_objects():
    samples = Read([sample_of(0), sample_of(1)])
    assert len(sizes_in(samples).sides) == 4
    assert samples.times == 2


def test_a_shrunk_line_is_still_there():
    coverage = np.zeros((20, 20), np.uint8)
    coverage[9], coverage[10] = 100, 50  # a line of 0.6 pixels between two rows
    found = most_covered(coverage)
    assert found[9].all()
    assert found.sum() == 20
    # What is larger keeps its pixels that are covered by half.
    square = np.zeros((20, 20), np.uint8)
    square[5:15, 5:15] = 255
    square[4, 5:15] = 20
    assert most_covered(square).sum() == 100
    assert not most_covered(np.zeros((4, 4), np.uint8)).any()


def test_a_thin_line_is_in_the_truth_of_the_smaller_size_too():
    truth = torch.zeros(2, 12, 12)
    truth[0, 4] = 1  # one row, in the middle of three
    truth[1, 3:9] = 1
    small = smaller_truth(truth)
    assert small.shape == (2, 8, 8)
    assert small[0].any(dim=0).all()
    assert float(small[1].sum()) == 32


def test_a_line_teaches_as_much_as_windows_along_it_show():
    short, long = (experience(sizes_in([lined(length)])) for length in (400, 1600))
    weight = [share / (1 - share) for share in (short, long)]
    assert weight[1] == pytest.approx(4 * weight[0], rel=0.01)


def test_pieces_of_classes_are_labelled_once_for_all_boards(monkeypatch):
    scene = two_discs()
    channels = np.zeros(scene.image_hwc.shape[:2], np.uint8)
    for mask in scene.objects:
        channels[mask] = 1
    asked = []

    def noted(sample):
        asked.append(sample.name)
        return objects_in(sample)

    monkeypatch.setattr(practice, "objects_in", noted)
    sample = Sample("one.png", scene.image_hwc, channels)
    played = Practice(ClickNet().eval(), HABITS, 4, seed=1)
    for _ in range(4):
        played.batch([sample])
    assert asked == ["one.png"]


def test_of_images_that_are_too_many_to_keep_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(practice, "KEPT_BYTES", 1)
    asked = []

    def noted(sample):
        asked.append(sample.name)
        return objects_in(sample)

    monkeypatch.setattr(practice, "objects_in", noted)
    played = Practice(ClickNet().eval(), HABITS, 2, seed=1)
    for sample in (sample_of(0), sample_of(0), sample_of(1), sample_of(0)):
        played._samples = [sample]
        played._some_sample()
    assert asked == ["0.png", "1.png", "0.png"]


def test_objects_of_a_large_image_are_not_kept_pixel_by_pixel():
    side = 3000
    mask = np.zeros((side, side), bool)
    mask[10:60, 20:90] = True
    sight = Watched(ClickScene(np.zeros((side, side, 3), np.uint8), (mask,) * 8))
    assert sum(one.nbytes for one in sight.objects) < side * side / 10
    assert (sight.objects[0].dense() == mask).all()


def test_networks_of_the_same_weights_are_the_same():
    one, two = ClickNet(), ClickNet()
    assert not same(one, two)
    two.load_state_dict(one.state_dict())
    assert same(one, two)


def test_halfway_is_the_mean_of_two_networks():
    one, two = ClickNet(), ClickNet()
    middle = halfway(one, two).state_dict()
    ours, theirs = one.state_dict(), two.state_dict()
    name = "last.weight"
    assert torch.allclose(middle[name], (ours[name] + theirs[name]) / 2)
    assert not torch.equal(middle[name], ours[name])
