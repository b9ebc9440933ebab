"""Images in shared memory: right pixels, no leftovers, a sentence when it is full."""

import errno
import gc
import os
import resource
from pathlib import Path

import numpy as np
import pytest

from seggui.errors import SegguiError
from seggui.jobs import shared as module
from seggui.jobs.shared import AttachedImages, SharedImages, attach


def picture(seed=0, height=33, width=21):
    dice = np.random.default_rng(seed)
    return dice.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def images():
    images = SharedImages()
    yield images
    images.close()


def open_memory():
    """How many memory files this process holds, mapped or as a descriptor."""
    maps = Path("/proc/self/maps").read_text().count("memfd:seggui")
    links = [os.readlink(p) for p in _descriptors()]  # noqa: PTH115
    return maps + sum("memfd:seggui" in link for link in links)


def _descriptors():
    return [str(p) for p in Path("/proc/self/fd").iterdir() if p.exists()]


@pytest.mark.parametrize("kind", ["memfd", "named"])
def test_the_other_side_sees_the_same_pixels_and_cannot_change_them(
    images, kind, monkeypatch
):
    if kind == "named":
        monkeypatch.setattr(module, "_new_block", module._Named)
    pixels = picture()
    seen = attach(images.share("a", pixels))
    assert np.array_equal(seen, pixels)
    assert not seen.flags.writeable


def test_an_image_that_is_not_contiguous_is_shared_as_it_looks(images):
    turned = picture().transpose(1, 0, 2)[::-1]
    assert np.array_equal(attach(images.share("a", turned)), turned)


def test_pixels_outlive_the_owner_while_someone_reads_them(images):
    pixels = picture()
    seen = attach(images.share("a", pixels))
    images.drop("a")
    assert np.array_equal(seen, pixels)


def test_a_dropped_image_cannot_be_attached_even_when_its_number_is_used_again(images):
    gone = images.share("a", picture())
    images.drop("a")
    with pytest.raises(SegguiError, match="closed before its turn"):
        attach(gone)
    images.share("b", picture(1))
    with pytest.raises(SegguiError, match="closed before its turn"):
        attach(gone)


def test_an_image_shared_twice_goes_at_the_second_drop(images):
    first = images.share("a", picture())
    assert images.share("a", picture()) == first
    assert not images.drop("a")
    assert images.get("a") == first
    assert images.drop("a")
    assert not images.drop("a")
    with pytest.raises(SegguiError, match="not open any more"):
        images.get("a")


def test_no_memory_is_left_behind(images):
    gc.collect()
    before, files = open_memory(), set(Path("/dev/shm").glob("psm_*"))
    attached = AttachedImages()
    for number in range(9):
        attached.get(images.share(str(number), picture(number)))
    assert open_memory() > before
    images.close()
    for number in range(9):
        attached.forget(str(number))
    gc.collect()
    assert open_memory() == before
    assert set(Path("/dev/shm").glob("psm_*")) <= files


def test_only_the_last_few_images_stay_attached(images):
    attached = AttachedImages()
    all_shared = [images.share(str(n), picture(n)) for n in range(6)]
    for one in all_shared:
        attached.get(one)
    images.close()
    assert attached.get(all_shared[-1]).shape == (33, 21, 3)
    with pytest.raises(SegguiError):
        attached.get(all_shared[0])


def test_the_same_key_with_other_pixels_is_attached_anew(images):
    attached = AttachedImages()
    attached.get(images.share("a", picture(0)))
    images.drop("a")
    again = attached.get(images.share("a", picture(1)))
    assert np.array_equal(again, picture(1))


def test_full_memory_is_a_sentence_and_leaves_nothing(images, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    gc.collect()
    before = open_memory()
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(SegguiError, match=r"21 x 33 .*No space left.*untouched"):
        images.share("a", picture())
    gc.collect()
    assert open_memory() == before
    monkeypatch.undo()
    assert images.share("a", picture()).height == 33


def test_a_real_limit_is_met_before_a_pixel_is_written(images):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(SegguiError, match="does not fit into shared memory"):
            images.share("a", picture())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_what_is_no_rgb_image_is_refused(images, shape):
    with pytest.raises(ValueError, match="axes"):
        images.share("a", np.zeros(shape, np.uint8))
