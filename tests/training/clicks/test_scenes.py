import numpy as np
import pytest
from scenes_for_clicks import write_set

from seggui.errors import BadRequest
from seggui.training.clicks import synthesis
from seggui.training.clicks.held_out import SEQUENCES, is_held_out
from seggui.training.clicks.scenes import from_labelled, labelled_in
from seggui.training.clicks.sources import FreeData, held_out_scenes

NAMES = [f"image{number}" for number in range(12)]


@pytest.fixture
def stock(tmp_path):
    write_set(tmp_path / "fruits_nuts", NAMES)
    items = labelled_in(tmp_path, "fruits_nuts", held_out=False)
    pictures = tuple(sorted((tmp_path / "fruits_nuts" / "images").iterdir()))
    return synthesis.Stock(pictures[:4], pictures[4:6], items)


@pytest.mark.parametrize(
    "kind", [synthesis.pasted, synthesis.partition, synthesis.drawn]
)
def test_made_scenes_have_objects_that_do_not_overlap(stock, kind):
    for seed in range(5):
        scene = kind(stock, np.random.default_rng(seed))
        assert scene.image_hwc.dtype == np.uint8
        assert scene.objects
        owners = np.sum(scene.objects, axis=0)
        assert owners.shape == scene.image_hwc.shape[:2]
        assert owners.max() == 1
        assert min(mask.sum() for mask in scene.objects) >= 80


def test_a_partition_gives_each_pixel_an_owner(stock):
    scene = synthesis.partition(stock, np.random.default_rng(2))
    owned = np.sum(scene.objects, axis=0)
    assert owned.mean() > 0.98


def test_an_image_is_either_learnt_from_or_held_out(tmp_path):
    write_set(tmp_path / "dsb2018", NAMES)
    sides = [
        {item.image.name for item in labelled_in(tmp_path, "dsb2018", held_out=held)}
        for held in (False, True)
    ]
    assert sides[0].isdisjoint(sides[1])
    assert sides[0] | sides[1] == {f"{name}.png" for name in NAMES}
    assert sides[0]
    assert sides[1]


def test_frames_of_a_held_out_sequence_are_all_held_out():
    for sequence in SEQUENCES:
        assert all(is_held_out("davis2016", f"{sequence}__{n:05}.jpg") for n in (0, 9))
    assert not is_held_out("davis2016", "camel__00000.jpg")


def test_what_is_drawn_for_training_is_never_held_out(tmp_path):
    write_set(tmp_path / "fruits_nuts", NAMES)
    held = held_out_scenes(tmp_path, 99, 0)
    learnt = from_labelled(labelled_in(tmp_path, "fruits_nuts", held_out=False))
    draw = np.random.default_rng(0)
    shown = {learnt(draw).image_hwc.tobytes() for _ in range(60)}
    assert len(held) + len(shown) == len(NAMES)
    assert not any(scene.image_hwc.tobytes() in shown for scene in held)


def test_a_folder_without_any_of_the_sets_is_refused(tmp_path):
    with pytest.raises(BadRequest, match="none of the training sets"):
        FreeData(tmp_path)()


def test_a_folder_with_one_of_the_sets_is_enough(tmp_path):
    write_set(tmp_path / "free" / "animals", NAMES)
    scene = FreeData(tmp_path)()(np.random.default_rng(0))
    assert scene.objects[0].any()
