import numpy as np
import pytest

from seggui.core.ports import unwatched
from seggui.errors import BadRequest
from seggui.training.folders import open_labelled
from seggui.training.samples import readable, resized


def grey(size=20):
    return np.full((size, size, 3), 90, np.uint8)


def ids(*numbers, size=20):
    """A mask with a stripe of each number."""
    mask = np.zeros((size, size), np.uint8)
    for place, number in enumerate(numbers):
        mask[place * 3 : place * 3 + 3] = number
    return mask


def opened(pairs, ignored=()):
    return open_labelled(pairs.root, ignored, unwatched)


def test_ids_become_channels_and_255_stays_unlabelled(pairs):
    pairs.add("a", grey(), ids(0, 7, 255))
    pairs.add("b", grey(), ids(3))
    found = opened(pairs)
    assert found.classes == ("background", "class 3", "class 7")
    assert found.class_ids == (0, 3, 7)
    channels = found.items[0].load().channels_hw
    assert channels[4, 0] == 2
    assert channels[7, 0] == 255


def test_names_come_from_a_text_file(pairs):
    pairs.add("a", grey(), ids(1))
    (pairs.root / "classes.txt").write_text("nothing\ncell\nwall\n")
    assert opened(pairs).classes == ("nothing", "cell", "wall")


def test_ids_outside_the_named_classes_are_refused_with_their_mask(pairs):
    pairs.add("a", grey(), ids(1))
    pairs.add("bad", grey(), ids(1, 9))
    (pairs.root / "classes.txt").write_text("nothing\ncell\n")
    with pytest.raises(
        BadRequest, match=r"bad\.png holds the ids 9, .* 0 to 1.*--ignore 9"
    ):
        opened(pairs)
    assert opened(pairs, [9]).items[1].load().channels_hw[4, 0] == 255


def test_an_image_and_a_mask_of_different_size_are_both_named(pairs):
    pairs.add("a", grey(20), ids(1, size=20))
    pairs.add("odd", grey(20), ids(1, size=24))
    with pytest.raises(
        BadRequest, match=r"images/odd\.png is 20 x 20 .* masks?.*odd\.png is 24 x 24"
    ):
        opened(pairs)


def test_only_background_is_one_class_too_few(pairs):
    pairs.add("a", grey(), ids(0, 255))
    with pytest.raises(BadRequest, match="one class only"):
        opened(pairs)


def test_images_without_a_mask_are_left_out_and_counted(pairs):
    pairs.add("a", grey(), ids(1))
    pairs.add("b", grey())
    pairs.add("c", grey())
    found = opened(pairs)
    assert [item.name for item in found.items] == ["a.png"]
    assert found.notes == ("2 of 3 images have no mask and are left out.",)


def test_an_unreadable_image_is_named_and_left_out(pairs):
    pairs.add("a", grey(), ids(1))
    pairs.add("b", grey(), ids(1))
    pairs.add("cut", grey(), ids(1))
    path = pairs.root / "images" / "cut.png"
    path.write_bytes(path.read_bytes()[:60])
    found = opened(pairs)
    samples, good, problems = readable(found.items, 0, unwatched)
    assert len(samples) == len(good) == 2
    assert any("cut.png" in text for text in (*found.notes, *problems))


def test_a_colour_picture_is_no_mask(pairs):
    pairs.add("a", grey(), ids(1))
    pairs.add("b", grey())
    (pairs.root / "masks" / "b.png").write_bytes(
        (pairs.root / "images" / "b.png").read_bytes()
    )
    found = opened(pairs)
    assert len(found.items) == 1
    assert "masks/b.png" in found.notes[0]


def test_instances_alone_are_objects_of_one_class(pairs):
    pairs.add("a", grey(), instances_hw=ids(5, 9).astype(np.uint16))
    found = opened(pairs)
    sample = found.items[0].load()
    assert found.classes == ("background", "object")
    assert sample.labels == {5: 1, 9: 1}
    assert sample.channels_hw[0, 0] == 1


def test_instances_get_the_class_that_most_of_their_pixels_have(pairs):
    classes = ids(2, 3)
    classes[0, 0] = 3
    pairs.add("a", grey(), classes, ids(1, 2).astype(np.uint16))
    assert opened(pairs).items[0].load().labels == {1: 1, 2: 2}


def test_images_in_folders_find_their_masks_there(pairs):
    for part in ("images", "masks"):
        (pairs.root / part / "x").mkdir(parents=True)
    pairs.add("x/a", grey(), ids(1))
    assert opened(pairs).items[0].name == "x/a.png"
    assert opened(pairs).items[0].folder == "x"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "nothing to learn from"),
        (lambda root: [(root / n).mkdir() for n in ("images", "masks")], "no images"),
    ],
)
def test_folders_without_anything_are_refused(tmp_path, make, words):
    make(tmp_path)
    with pytest.raises(BadRequest, match=words):
        open_labelled(tmp_path, (), unwatched)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadRequest, match=r"no folder .*nowhere"):
        open_labelled(tmp_path / "nowhere", (), unwatched)


def test_shrinking_keeps_classes_pure(pairs):
    pairs.add("a", grey(40), ids(1, 2, 255, size=40))
    small = resized(opened(pairs).items[0].load(), 13)
    assert small.image_hwc.shape == (13, 13, 3)
    assert set(np.unique(small.channels_hw)) <= {0, 1, 2, 255}
