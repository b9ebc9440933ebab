import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from scenes_for_clicks import two_discs, write_set

from seggui.cli import dispatch
from seggui.errors import BadRequest, MissingWeights
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.training.clicks.loop import Course, Learner, Store, train
from seggui.training.clicks.losses import normalised_focal, overlap, soft_jaccard
from seggui.training.clicks.players import Here, games

BRIEF = Course(minutes=99, batch=2, kept=8, most_steps=3)


def scenes():
    seeds = itertools.count()
    return lambda draw: two_discs(next(seeds))


def played(seed=0):
    return Here(games(scenes(), lambda: None, seed))


def learner(course=BRIEF, seed=0):
    torch.manual_seed(seed)
    return Learner(ClickNet(), course, torch.device("cpu"))


def test_learning_the_same_samples_makes_the_loss_smaller():
    one = learner(Course(minutes=99, batch=4, warm_up=0.001, most_steps=10_000))
    batch = Store(played(), Course(99, batch=4), 0).batch()
    losses = [one.learn(*batch)[0] for _ in range(14)]
    assert np.mean(losses[-3:]) < 0.75 * np.mean(losses[:3])
    assert one.step == 14


def test_a_course_ends_and_leaves_a_checkpoint_to_go_on_from(tmp_path):
    one = learner()
    list(train(one, played(), tmp_path, 0))
    assert one.step == 3
    assert one.share == 1.0
    from seggui.training.checkpoints import Checkpoints

    two = learner(seed=5)
    two.restore(dict(Checkpoints(tmp_path / "checkpoints").load_last().content))
    assert two.step == 3
    for name, value in one.averaged.state_dict().items():
        assert torch.equal(value, two.averaged.state_dict()[name])


def test_the_rate_rises_and_falls_to_almost_nothing():
    one = learner(Course(minutes=1, most_steps=100))
    rates = []
    for step in range(0, 101, 10):
        one.step = step
        rates.append(one.rate)
    assert rates[0] < 0.2 * max(rates)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] < 0.01 * max(rates)


def test_samples_are_used_about_as_often_as_wished():
    store = Store(played(), Course(minutes=9, batch=4, uses=3.0, kept=50), 1)
    for _ in range(10):
        planes, truth, beyond = store.batch()
        assert planes.shape == (4, 19, 192, 192)
        assert truth.shape == (4, 192, 192)
        assert beyond.shape == (4,)
    assert store.used <= 3.0 * store.taken


def test_sure_and_right_costs_less_than_unsure_and_unsure_less_than_wrong():
    truth = torch.zeros(1, 8, 8)
    truth[:, 2:6, 2:6] = 1
    inside = torch.ones_like(truth)
    signs = truth * 2 - 1
    for loss in (normalised_focal, soft_jaccard):
        right, unsure, wrong = (
            float(loss(signs * scale, truth, inside)) for scale in (6.0, 0.0, -6.0)
        )
        assert right < unsure < wrong


def test_what_lies_outside_the_image_is_no_error():
    truth, logits = torch.zeros(1, 8, 8), torch.full((1, 8, 8), -9.0)
    truth[:, 2:4, 2:4] = 1
    logits[:, 2:4, 2:4] = 9.0
    logits[:, :, 6:] = 9.0
    inside = torch.ones_like(truth)
    assert overlap(logits, truth, inside)[0] < 0.5
    inside[:, :, 6:] = 0
    assert overlap(logits, truth, inside)[0] == 1.0
    assert soft_jaccard(logits, truth, inside) < 0.01


def test_the_command_trains_and_goes_on(tmp_path, capsys):
    write_set(tmp_path / "free" / "animals", ["a", "b", "c"])
    words = ["train-clicks", "--data", str(tmp_path), "--out", str(tmp_path / "run")]
    words += ["--batch", "2", "--minutes", "0.1"]
    assert dispatch.run(words) == 0
    assert (tmp_path / "run" / "clicknet.safetensors").exists()
    weights.read(tmp_path / "run" / "clicknet.safetensors")
    assert dispatch.run(words) == 1
    assert "--resume" in capsys.readouterr().err
    assert dispatch.run([*words, "--minutes", "0.2", "--resume"]) == 0
    assert "going on from step" in capsys.readouterr().out


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_sets_is_told_before_anything_is_made(tmp_path, capsys, there):
    data, out = tmp_path / "data", tmp_path / "run"
    if there:
        (data / "photos").mkdir(parents=True)
    assert dispatch.run(["train-clicks", "--data", str(data), "--out", str(out)]) == 1
    assert "none of the training sets" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "words",
    ["--minutes nan", "--minutes inf", "--rate -1", "--batch 0", "--threads -1"],
)
def test_numbers_that_make_no_sense_are_wrong_usage(tmp_path, words):
    out = str(tmp_path / "run")
    with pytest.raises(SystemExit):
        dispatch.run(
            ["train-clicks", "--data", str(tmp_path), "--out", out, *words.split()]
        )


def test_a_folder_without_a_training_cannot_be_gone_on_with(tmp_path):
    from seggui.training.clicks.start import Order
    from seggui.training.clicks.start import train as start

    order = Order(tmp_path, tmp_path / "run", 1, 2, 1e-3, 1, 0, "cpu", 1, True)
    with pytest.raises(BadRequest, match="no training to resume"):
        list(start(order))


def test_a_training_may_start_from_weights_that_are_there(tmp_path):
    from seggui.training.clicks.start import Order
    from seggui.training.clicks.start import train as start

    write_set(tmp_path / "free" / "animals", ["a", "b"])
    given, out = tmp_path / "given.safetensors", tmp_path / "run"
    torch.manual_seed(3)
    weights.write(given, ClickNet())
    # Next to no rate: what was given is what comes out, but for the statistics.
    order = Order(tmp_path, out, 0.01, 2, 1e-9, 1, 0, "cpu", 1, False, given)
    list(start(order))
    before = weights.read(given).state_dict()
    after = weights.read(out / "clicknet.safetensors").state_dict()
    kernels = [name for name, value in before.items() if value.ndim == 4]
    assert all(torch.allclose(before[n], after[n], atol=1e-3) for n in kernels)
    lost = replace(
        order, out=tmp_path / "two", weights=tmp_path / "nowhere.safetensors"
    )
    with pytest.raises(MissingWeights, match="nowhere"):
        list(start(lost))
