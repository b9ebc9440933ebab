"""Small pictures are upright, cached, and never in the way."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from seggui.errors import Unreadable
from seggui.files import thumbnails
from seggui.files.thumbnails import cache_folder, thumbnail, trim


def marked(path, orientation=1, size=(900, 600)):
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    pixels[: size[1] // 2, : size[0] // 2] = 255
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(pixels).save(path, exif=exif)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_small_picture_is_upright(tmp_path, name):
    marked(tmp_path / name, orientation=6)
    small = thumbnail(tmp_path / name, side=150)
    assert small.shape == (150, 100, 3)
    # Turned clockwise, the upper left corner of the stored image is upper right.
    assert small[10, 90].min() > 240
    assert small[10, 10].max() < 15
    assert small[140, 90].max() < 15


def test_the_second_time_comes_from_the_cache(tmp_path, monkeypatch):
    marked(tmp_path / "a.jpg")
    first = thumbnail(tmp_path / "a.jpg")
    assert len(list(cache_folder().glob("*.png"))) == 1
    monkeypatch.setattr(thumbnails, "_made", lambda *_: pytest.fail("decoded again"))
    np.testing.assert_array_equal(thumbnail(tmp_path / "a.jpg"), first)


def test_a_changed_file_and_a_damaged_cache_are_decoded_again(tmp_path):
    marked(tmp_path / "a.png")
    thumbnail(tmp_path / "a.png")
    Image.fromarray(np.full((50, 40, 3), 9, dtype=np.uint8)).save(tmp_path / "a.png")
    assert thumbnail(tmp_path / "a.png").shape == (50, 40, 3)
    for kept in cache_folder().glob("*.png"):
        kept.write_bytes(b"damaged")
    assert int(thumbnail(tmp_path / "a.png").max()) == 9


def test_deep_tiffs_and_small_images_work(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.arange(400 * 300, dtype=np.float32).reshape(
        400, 300))  # fmt: skip
    assert thumbnail(tmp_path / "a.tif", side=100).shape == (100, 75, 3)
    marked(tmp_path / "one.png", size=(2, 2))
    assert thumbnail(tmp_path / "one.png").shape == (2, 2, 3)


def test_what_is_no_image_is_refused_and_a_dead_cache_is_no_matter(
    tmp_path, monkeypatch
):
    (tmp_path / "a.png").write_bytes(b"<html>")
    with pytest.raises(Unreadable, match="HTML"):
        thumbnail(tmp_path / "a.png")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SEGGUI_HOME", str(tmp_path / "file"))
    marked(tmp_path / "b.jpg")
    assert thumbnail(tmp_path / "b.jpg").shape == (107, 160, 3)


def test_the_oldest_pictures_go_first(tmp_path):
    import os

    for index in range(6):
        path = tmp_path / f"{index}.png"
        path.write_bytes(bytes(100))
        os.utime(path, (index, index))
    assert trim(tmp_path, 250) == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["4.png", "5.png"]
