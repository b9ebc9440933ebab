import numpy as np
import pytest
import torch
from contract import PromptedContract, scene_of
from safetensors.torch import load_file, save_file

from seggui.core.candidate import thresholded
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest, MissingWeights, Unreadable
from seggui.files.resources import resource_path
from seggui.metrics.masks import iou
from seggui.models import catalog
from seggui.models.prompted.clicknet import weights
from seggui.models.prompted.clicknet.model import WEIGHTS, ClickNetModel

SHIPPED_MIB = 12


@pytest.fixture(scope="module")
def shared_model():
    return ClickNetModel()


class TestContract(PromptedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return ClickNetModel()


def ask(model, image_hwc, *points, **more):
    encoding = model.encode(image_hwc, unwatched)
    prompt = Prompt(tuple(Point(*point) for point in points), **more)
    return model.decode(encoding, prompt, unwatched)


def test_the_catalogue_says_the_same_of_it(shared_model):
    assert catalog.get("clicknet") == shared_model.info
    assert catalog.at_hand(shared_model.info)


def test_one_click_on_a_plain_disc_finds_it(shared_model):
    image, disc = scene_of(240, 320)
    found = ask(shared_model, image, (160.5, 120.5))[0].mask
    assert iou(found.dense(), disc) > 0.9


def test_a_box_around_a_plain_disc_finds_it(shared_model):
    image, disc = scene_of(240, 320)
    found = ask(shared_model, image, box=Box(98, 58, 222, 182))[0].mask
    assert iou(found.dense(), disc) > 0.9


def test_a_small_object_of_a_large_image_has_a_fine_edge(shared_model):
    image, _ = scene_of(900, 1200, seed=3)
    rows, columns = np.mgrid[:900, :1200]
    dot = np.hypot(rows - 200.3, columns - 300.8) < 11
    image[dot] = (20, 40, 230)
    found = ask(shared_model, image, (300.5, 200.5))[0].mask
    assert iou(found.dense(), dot) > 0.85


def test_a_wrong_mask_of_another_is_corrected_by_clicks(shared_model):
    image, disc = scene_of(240, 320)
    half = disc.copy()
    half[:, 160:] = False
    found = ask(shared_model, image, (200.5, 120.5), previous=Mask.from_dense(half))
    assert iou(found[0].mask.dense(), disc) > 0.85


def test_a_negative_click_in_a_piece_leaves_the_other_piece(shared_model):
    image = scene_of(240, 320)[0]
    two = np.zeros((240, 320), dtype=bool)
    two[30:60, 30:70] = two[180:215, 250:300] = True
    found = ask(
        shared_model, image, (275.5, 197.5, False), previous=Mask.from_dense(two)
    )[0].mask.dense()
    assert found[30:60, 30:70].all()
    assert not found[197, 275]


def test_a_higher_threshold_gives_a_smaller_mask(shared_model):
    image, _ = scene_of(240, 320)
    best = ask(shared_model, image, (160.5, 120.5))[0]
    areas = [thresholded(best, level).mask.area for level in (0.1, 0.3, 0.7, 0.9)]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > areas[-1] > 0


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 7), (200, 40_000), (3000, 2)])
def test_images_of_odd_shapes_are_answered(shared_model, size):
    height, width = size
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    x, y = width - 0.5, height // 2 + 0.5
    assert ask(shared_model, image, (x, y))[0].mask.contains(x, y)


def test_clicks_that_contradict_each_other_let_the_last_one_count(shared_model):
    image, _ = scene_of(60, 80)
    spots = [(40.5, 30.5, True), (40.5, 30.5, False), (40.5, 30.5, True)]
    assert ask(shared_model, image, *spots)[0].mask.contains(40.5, 30.5)
    assert not ask(shared_model, image, *spots[:2])[0].mask.contains(40.5, 30.5)


def test_a_mask_that_the_clicks_agree_with_is_scored_by_the_network(shared_model):
    image, disc = scene_of(60, 80)
    first = ask(shared_model, image, (40.5, 30.5))[0]
    again = ask(
        shared_model,
        image,
        (40.5, 30.5),
        (42.5, 31.5),
        previous=first.mask,
        logits=first.logits,
    )
    assert len(again) == 1
    assert again[0].mask.same_pixels(first.mask)
    assert again[0].logits is first.logits
    assert abs(again[0].score - first.score) < 0.2
    noise = np.zeros_like(disc)
    noise[::7, ::5] = True
    previous = Mask.from_dense(noise)
    worse = ask(shared_model, image, (3.5, 3.5, False), previous=previous)[0]
    assert worse.score < again[0].score < 1


def test_words_are_not_read(shared_model):
    image, _ = scene_of(60, 80)
    with pytest.raises(BadRequest, match="does not read text"):
        ask(shared_model, image, text="the disc")


def test_a_first_negative_click_has_nothing_to_take_from(shared_model):
    image, _ = scene_of(60, 80)
    with pytest.raises(BadRequest, match="nothing to take away"):
        ask(shared_model, image, (4.5, 4.5, False))


def test_the_weights_in_the_box_are_small():
    path = resource_path(*WEIGHTS)
    assert path.stat().st_size <= SHIPPED_MIB * 2**20
    kinds = {value.dtype for name, value in load_file(path).items() if "one." in name}
    assert kinds == {torch.float16}


def test_weights_that_are_not_numbers_are_refused_in_one_sentence(tmp_path):
    state = load_file(resource_path(*WEIGHTS))
    state["last.bias"] = torch.full_like(state["last.bias"], float("nan"))
    path = tmp_path / "broken.safetensors"
    save_file(state, path)
    with pytest.raises(Unreadable, match=r"broken.*not finite numbers"):
        weights.read(path)


def test_weights_of_something_else_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"layer": torch.zeros(3)}, path)
    with pytest.raises(Unreadable, match="not the weights of the click network"):
        weights.read(path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(Unreadable, match="cut short"):
        weights.read(path)
    with pytest.raises(MissingWeights, match="none\\.safetensors"):
        weights.read(tmp_path / "none.safetensors")
