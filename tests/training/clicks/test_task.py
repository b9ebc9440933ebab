"""Fine-tuning on one's own segments: folder in, a model for clicks out."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from tests_pairs import Pairs

from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest
from seggui.files.images import read_image
from seggui.jobs.train_options import TrainOptions
from seggui.models import catalog
from seggui.models.devices import Device
from seggui.models.full_image import PredictOptions
from seggui.models.prompted.clicknet.looking import HABITS
from seggui.models.runs import open_prompted_run, open_run, read_card, write_card
from seggui.models.weights import read_state
from seggui.training import start
from seggui.training.checkpoints import Checkpoints
from seggui.training.clicks.objects import objects_of, refusal
from seggui.training.clicks.task import ClickTask, built_in
from seggui.training.samples import IGNORE, Sample
from seggui.training.start import Order, train

SHORT = TrainOptions.from_json(
    {
        "model": "clicknet",
        "minutes": 0.0,
        "epochs": 1,
        "steps_per_epoch": 2,
        "batch_size": 2,
        "threads": 1,
        "device": "cpu",
        "group_by": "none",
    }
)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("taught")
    (root / "data").mkdir()
    folder = Pairs(root / "data").discs(3)
    out = folder / "runs" / "taught"
    return folder, out, list(train(Order(folder, out, SHORT), unwatched, lambda: False))


def test_a_run_starts_from_the_weights_in_the_box_and_changes_them(taught):
    _, out, _ = taught
    before = built_in().state_dict()
    after = Checkpoints(out / "checkpoints").load_last().content["network"]
    assert before.keys() == after.keys()
    moved = [
        name for name, value in before.items() if not torch.equal(value, after[name])
    ]
    assert moved
    # A few images say little of means and variances.
    assert not any("running" in name for name in moved)


class Poisoned(ClickTask):
    """A training that makes the network worse with each step."""

    def loss(self, network, batch):
        return -100 * super().loss(network, batch)


def test_a_training_that_made_it_worse_leaves_the_network_as_it_was(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(start, "ClickTask", Poisoned)
    folder = Pairs(tmp_path).discs(3)
    wild = replace(SHORT, learning_rate=0.1)
    events = list(
        train(Order(folder, tmp_path / "run", wild), unwatched, lambda: False)
    )
    registered = read_state(tmp_path / "run" / "model.safetensors")
    for name, value in built_in().state_dict().items():
        assert torch.equal(value, registered[name])
    card = read_card(tmp_path / "run")
    assert card.metrics["epoch"] == 0
    # What the objects say of their size may have helped all the same.
    told = not all(event.get("gained", True) for event in events)
    assert told is not bool(card.known)


def test_the_validation_says_how_many_clicks_it_took_before_and_takes_now(taught):
    _, out, events = taught
    epoch = next(event for event in events if event["event"] == "epoch")
    assert 1 <= epoch["noc85"] <= 6
    assert 1 <= epoch["noc85_before"] <= 6
    assert read_card(out).kind == "prompted"
    assert list((out / "previews").glob("*.png"))


def test_the_run_is_a_model_for_clicks_of_the_catalogue(taught):
    folder, out, _ = taught
    (info,) = catalog.runs(folder)
    assert (info.kind, info.run) == ("prompted", "runs/taught")
    model = catalog.open_prompted(str(out))
    image = read_image(next((folder / "images").iterdir())).display_hwc()
    encoding = model.encode(image, unwatched)
    middle = Point(image.shape[1] / 2, image.shape[0] / 2)
    answers = model.decode(encoding, Prompt((middle,)), unwatched)
    assert answers[0].mask.contains(middle.x, middle.y)
    assert model.info.id == str(out)


def test_a_run_that_starts_from_another_goes_on_with_what_that_one_knew(taught):
    _, out, _ = taught
    card = read_card(out)
    known = dict(card.known) or {"classic_share": 0.2, "least_side": 33.0}
    write_card(out, replace(card, known=known))
    try:
        again = replace(SHORT, weights=str(out / "model.safetensors"))
        discs = sample(np.eye(40, 60, dtype=np.uint8))  # nothing to click on
        task = ClickTask(again, [discs], Device("cpu", "asked for"), half=False)
        assert asdict(task._start).items() >= known.items()
        # No object says otherwise.
        assert task._habits == task._start
    finally:
        write_card(out, card)
    fresh = ClickTask(SHORT, [discs], Device("cpu", "asked for"), half=False)
    assert fresh._start == HABITS


def test_a_run_for_clicks_does_not_look_at_whole_images(taught):
    _, out, _ = taught
    with pytest.raises(BadRequest, match="answers clicks"):
        open_run(out, PredictOptions("cpu", 0, 0.5))


def test_damaged_weights_of_a_run_are_refused(taught, tmp_path):
    _, out, _ = taught
    for name in ("model.json", "model.safetensors"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    with (tmp_path / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(Exception, match=r"not what model\.json says"):
        open_prompted_run(tmp_path)


def test_images_without_anything_to_click_on_are_left_out(tmp_path):
    folder = Pairs(tmp_path).discs(2)
    for path in (folder / "masks").iterdir():
        write_empty(path)
    with pytest.raises(BadRequest):
        list(train(Order(folder, tmp_path / "run", SHORT), unwatched, lambda: False))


def write_empty(path):
    from PIL import Image

    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)


def sample(channels, instances=None):
    image = np.zeros((*channels.shape, 3), np.uint8)
    return Sample("one.png", image, channels, instances)


def test_connected_pieces_of_a_class_are_objects_where_nothing_else_is_known():
    channels = np.zeros((40, 60), np.uint8)
    channels[2:20, 2:20] = 1
    channels[2:20, 30:50] = 1
    channels[30:33, 2:5] = 2  # too small to click on
    channels[22:40, 40:60] = IGNORE
    found = objects_of(sample(channels))
    assert sorted(int(mask.sum()) for mask in found) == [18 * 18, 18 * 20]
    assert refusal(sample(channels)) == ""
    assert "at least" in refusal(sample(np.zeros((40, 60), np.uint8)))


def test_instances_are_objects_even_where_they_touch():
    instances = np.zeros((40, 60), np.int32)
    instances[:, :30], instances[:, 30:] = 1, 2
    found = objects_of(sample((instances > 0).astype(np.uint8), instances))
    assert [int(mask.sum()) for mask in found] == [1200, 1200]


def test_objects_that_fill_their_images_are_refused_in_a_sentence():
    full = sample(np.ones((40, 60), np.uint8))
    task = ClickTask(SHORT, [full], Device("cpu", "asked for"), half=False)
    network = task.build()
    with pytest.raises(BadRequest, match=r"objects on one\.png fill their images"):
        task.validate(network, [full], unwatched)
    with pytest.raises(BadRequest, match=r"objects on one\.png fill their images"):
        task.batch([full], [np.random.default_rng(0)])
