"""The one loader, on images of every kind, made here."""

import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from seggui.errors import SegguiError, Unreadable
from seggui.files.images import (
    is_image_name,
    probe_image,
    read_image,
    read_index,
    split_page,
    upright,
)

H, W = 12, 20
RAMP = np.linspace(0, 255, H * W).astype(np.uint8).reshape(H, W)
RGB = np.stack([RAMP, 255 - RAMP, np.full_like(RAMP, 40)], axis=-1)
RGBA = np.dstack([RGB, np.full_like(RAMP, 255)])
RGBA[0, 0, 3] = 0
DEEP = RAMP.astype(np.uint16) * 257


def deep_png(path, pixels):
    order = pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    path.write_bytes(cv2.imencode(".png", order)[1].tobytes())


def saved(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)


def marked(width=30, height=20):
    """A picture with a bright block in its upper left corner."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:8, :8] = 255
    return pixels


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_every_orientation_of_every_format_is_turned_upright(
    tmp_path, suffix, orientation
):
    back = {6: 8, 8: 6}.get(orientation, orientation)
    stored = np.ascontiguousarray(upright(marked(), back))
    path = tmp_path / f"a.{suffix}"
    if suffix == "tif":
        tag = (274, "H", 1, orientation, True)
        tifffile.imwrite(path, stored, photometric="rgb", extratags=[tag])
    else:
        exif = Image.Exif()
        exif[274] = orientation
        saved(path, stored, exif=exif)
    image = read_image(path)
    shown = image.display_hwc()
    assert (image.width, image.height, image.orientation) == (30, 20, orientation)
    assert shown[1:7, 1:7].min() > 200
    assert shown[10:, 10:].max() < 60
    header = probe_image(path)
    assert (header.width, header.height) == (30, 20)
    assert header.orientation == orientation


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [
        ("grey.png", lambda p: saved(p, RAMP), RAMP),
        ("rgb.png", lambda p: saved(p, RGB), RGB),
        ("rgba.png", lambda p: saved(p, RGBA), RGBA),
        ("bits.png", lambda p: saved(p, RAMP > 99), (RAMP > 99) * np.uint8(255)),
        ("rgb.bmp", lambda p: saved(p, RGB), RGB),
        ("rgb.webp", lambda p: saved(p, RGB, lossless=True), RGB),
        ("grey16.png", lambda p: deep_png(p, DEEP), DEEP),
        ("rgb16.png", lambda p: deep_png(p, RGB.astype(np.uint16) * 257),
         RGB.astype(np.uint16) * 257),
        ("rgba16.png", lambda p: deep_png(p, RGBA.astype(np.uint16) * 257),
         RGBA.astype(np.uint16) * 257),
        ("grey.tif", lambda p: tifffile.imwrite(p, RAMP), RAMP),
        ("grey16.tif", lambda p: tifffile.imwrite(p, DEEP), DEEP),
        ("signed.tif", lambda p: tifffile.imwrite(p, RAMP.astype(np.int16) - 99),
         RAMP.astype(np.int16) - 99),
        ("float.tif", lambda p: tifffile.imwrite(p, RAMP.astype(np.float32)),
         RAMP.astype(np.float32)),
        ("double.tif", lambda p: tifffile.imwrite(p, RAMP.astype(np.float64)),
         RAMP.astype(np.float64)),
        ("rgb16.tif", lambda p: tifffile.imwrite(
            p, RGB.astype(np.uint16), photometric="rgb"), RGB.astype(np.uint16)),
        ("planar.tif", lambda p: tifffile.imwrite(
            p, np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate"),
         RGB),
        ("white0.tif", lambda p: tifffile.imwrite(p, RAMP, photometric="miniswhite"),
         255 - RAMP),
        ("bits.tif", lambda p: tifffile.imwrite(
            p, RAMP > 99, photometric="minisblack"),
         (RAMP > 99) * np.uint8(255)),
        ("tiles.tif", lambda p: tifffile.imwrite(
            p, RGB, photometric="rgb", tile=(16, 16), compression="zlib"), RGB),
        ("five.tif", lambda p: tifffile.imwrite(
            p, np.dstack([DEEP] * 5), photometric="minisblack",
            planarconfig="contig"), np.dstack([DEEP] * 5)),
    ],
)  # fmt: skip
def test_values_are_read_as_they_are_stored(tmp_path, name, write, expected):
    path = tmp_path / name
    write(path)
    image = read_image(path)
    assert image.pixels.dtype == expected.dtype
    np.testing.assert_array_equal(image.pixels, expected)
    shown = image.display_hwc()
    assert (shown.shape, shown.dtype) == ((H, W, 3), np.uint8)
    assert shown.flags.c_contiguous
    assert not shown.flags.writeable


def test_a_palette_becomes_its_colours(tmp_path):
    picture = Image.fromarray(RAMP % 3).convert("P")
    picture.putpalette([9, 8, 7, 200, 0, 0, 0, 0, 255])
    for name in ("a.png", "a.tif", "a.gif"):
        picture.save(tmp_path / name)
        shown = read_image(tmp_path / name).display_hwc()
        colours = np.array([[9, 8, 7], [200, 0, 0], [0, 0, 255]])
        np.testing.assert_array_equal(shown, colours[RAMP % 3])


def test_transparency_lies_over_mid_grey(tmp_path):
    saved(tmp_path / "a.png", RGBA)
    image = read_image(tmp_path / "a.png")
    assert tuple(image.display_hwc()[0, 0]) == (128, 128, 128)
    np.testing.assert_array_equal(image.display_hwc()[1:], RGB[1:])
    assert any("transparency" in note for note in image.notes)


@pytest.mark.parametrize("deep", [False, True])
def test_transparency_is_told_only_of_images_that_something_shows_through(
    tmp_path, deep
):
    def notes(name, pixels):
        if deep:
            deep_png(tmp_path / name, pixels.astype(np.uint16) * 257)
        else:
            saved(tmp_path / name, pixels)
        return read_image(tmp_path / name).notes

    opaque = RGBA.copy()
    opaque[..., 3] = 255
    assert notes("opaque.png", opaque) == ()
    assert notes("not.png", RGBA) == ("has transparency, shown over mid-grey",)


def test_deep_values_are_stretched_between_their_extremes(tmp_path):
    dim = (RAMP.astype(np.uint16) * 4) + 1000
    tifffile.imwrite(tmp_path / "a.tif", dim)
    shown = read_image(tmp_path / "a.tif").display_hwc()
    assert (shown[0, 0, 0], shown[-1, -1, 0]) == (0, 255)
    assert abs(int(shown[H // 2, W // 2, 0]) - int(RAMP[H // 2, W // 2])) <= 2


def test_values_that_are_no_numbers_are_black_and_named(tmp_path):
    values = RAMP.astype(np.float32)
    values[3, 4] = np.nan
    values[3, 5] = np.inf
    tifffile.imwrite(tmp_path / "a.tif", values)
    image = read_image(tmp_path / "a.tif")
    assert image.display_hwc()[3, 4, 0] == 0
    assert any(note.startswith("2 values are not numbers") for note in image.notes)


def test_values_beyond_single_precision_are_told_apart(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.float64) * 1e300)
    shown = read_image(tmp_path / "a.tif").display_hwc()
    assert (shown[0, 0, 0], shown[-1, -1, 0]) == (0, 255)
    assert len(np.unique(shown)) > 100


@pytest.mark.parametrize("value", [0, 7])
def test_a_flat_deep_image_is_shown(tmp_path, value):
    tifffile.imwrite(tmp_path / "a.tif", np.full((H, W), value, dtype=np.uint16))
    shown = read_image(tmp_path / "a.tif").display_hwc()
    assert set(np.unique(shown)) == {128 if value else 0}


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_is_converted_and_says_so(tmp_path, name):
    plain = Image.fromarray(RGB)
    plain.convert("CMYK").save(tmp_path / name)
    image = read_image(tmp_path / name)
    assert any("CMYK" in note for note in image.notes)
    wrong = np.abs(image.display_hwc().astype(int) - RGB)
    assert wrong.mean() < 12


def test_colours_of_another_profile_become_srgb(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    saved(tmp_path / "same.png", RGB, icc_profile=lab)
    np.testing.assert_array_equal(read_image(tmp_path / "same.png").pixels, RGB)
    # The same profile under another name has to be applied and changes nothing.
    renamed = lab.replace(b"sRGB", b"wide").replace(
        "sRGB".encode("utf-16-be"), "wide".encode("utf-16-be")
    )
    saved(tmp_path / "other.png", RGB, icc_profile=renamed)
    image = read_image(tmp_path / "other.png")
    assert any("wide" in note for note in image.notes)
    assert np.abs(image.pixels.astype(int) - RGB).max() <= 2
    saved(tmp_path / "broken.png", RGB, icc_profile=b"no profile at all")
    broken = read_image(tmp_path / "broken.png")
    np.testing.assert_array_equal(broken.pixels, RGB)
    assert any("profile is damaged" in note for note in broken.notes)


def test_pages_are_chosen_and_counted(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(RAMP)
        writer.write(RAMP[:5, :7])
    second = read_image(path, 1)
    assert (second.width, second.height, second.pages, second.page) == (7, 5, 2, 1)
    assert read_image(path).width == W
    assert probe_image(path, 1).width == 7
    with pytest.raises(Unreadable, match="no page 3, only 2"):
        read_image(path, 2)
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    assert read_image(tmp_path / "a.webp", 1).pages == 2


def test_names_with_pages():
    assert split_page("x/a.tif#2") == ("x/a.tif", 1)
    assert split_page("x/a.tif") == ("x/a.tif", 0)
    assert split_page("a#2") == ("a#2", 0)
    assert split_page("a#2.png") == ("a#2.png", 0)
    assert split_page("a.tif#0") == ("a.tif#0", 0)
    assert is_image_name("x/A.JPG")
    assert not is_image_name("x/a.json")


def png_bytes():
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html>", "looks like HTML"),
        (b"\n <html>", "looks like HTML"),
        (b"just some words", "looks like text"),
        (b"PK\x03\x04zip", "ZIP archive"),
        (b"%PDF-1.7", "looks like PDF"),
        (bytes(1000), "zeros only"),
        (b"\x93\x01\x02" * 40, "not an image of a known kind"),
        (b"\0" * 128 + b"DICM", "DICOM"),
        (b"II*\0" + b"\0" * 124 + b"DICM", "DICOM"),
        (b"II*\0\x08\0\0\0\0\0", "does not hold a flat image"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for read in (read_image, probe_image, read_index):
        with pytest.raises(Unreadable, match=reason) as caught:
            read(path)
        assert str(path) in str(caught.value)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(Unreadable, match="no such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(Unreadable, match="a folder"):
        read_image(tmp_path)
    with pytest.raises(Unreadable, match="not a regular file"):
        read_image(tmp_path / "pipe.png")
    with pytest.raises(Unreadable, match="name is not possible"):
        read_image("a\0b.png")


NOISE = np.random.default_rng(1).integers(0, 255, (40, 50, 3), dtype=np.uint8)
FILES = {
    "a.jpg": lambda p: saved(p, NOISE, quality=95),
    "a.png": lambda p: saved(p, NOISE),
    "deep.png": lambda p: deep_png(p, NOISE.astype(np.uint16) * 257),
    "a.tif": lambda p: tifffile.imwrite(p, NOISE, photometric="rgb"),
    "zip.tif": lambda p: tifffile.imwrite(
        p, NOISE, photometric="rgb", compression="zlib"
    ),
    "a.webp": lambda p: saved(p, NOISE),
    "a.bmp": lambda p: saved(p, NOISE),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_refused(tmp_path, name):
    """TIFF may keep its directory at the end, PNG and JPEG an end mark of no pixels."""
    path = tmp_path / name
    FILES[name](path)
    whole = path.read_bytes()
    assert read_image(path).width == 50
    for end in np.linspace(0, len(whole) * 0.97, 40).astype(int):
        path.write_bytes(whole[:end])
        with pytest.raises(Unreadable):
            read_image(path)


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_never_raise_anything_but_unreadable(tmp_path, name):
    path = tmp_path / name
    FILES[name](path)
    whole = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(5)
    outcomes = set()
    for _ in range(120):
        damaged = whole.copy()
        reach = len(whole) if random.random() < 0.5 else min(200, len(whole))
        at = random.integers(0, reach, random.integers(1, 6))
        damaged[at] = random.integers(0, 256, len(at))
        path.write_bytes(damaged.tobytes())
        try:
            read_image(path).display_hwc()
            outcomes.add("read")
        except SegguiError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_a_wrong_checksum_in_a_deep_png_is_noticed(tmp_path):
    path = tmp_path / "a.png"
    deep_png(path, NOISE.astype(np.uint16) * 257)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 100] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Unreadable, match="wrong checksum"):
        read_image(path)


def test_a_bomb_is_refused_by_its_header(tmp_path):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(
            ">I", zlib.crc32(name + data)
        )  # fmt: skip

    side = 20_000
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows + packer.flush())
        + chunk(b"IEND", b"")
    )
    assert path.stat().st_size < 60_000
    limit = Image.MAX_IMAGE_PIXELS
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match=r"20,000 x 20,000 .* GB of memory"):
            read_image(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20
    assert limit == Image.MAX_IMAGE_PIXELS
    saved(tmp_path / "a.png", RGB)
    with pytest.raises(Unreadable, match="10 pixels are opened"):
        read_image(tmp_path / "a.png", most_pixels=10)


def test_the_digest_is_of_the_files_bytes(tmp_path):
    saved(tmp_path / "a.png", RGB)
    saved(tmp_path / "b.png", RGB)
    one, two = read_image(tmp_path / "a.png"), read_image(tmp_path / "b.png")
    assert one.digest == two.digest
    facts = one.facts("x/a.png")
    assert (facts.name, facts.width, facts.height) == ("x/a.png", W, H)
    assert facts.digest.startswith("sha256:")


def test_index_images_keep_their_numbers(tmp_path):
    numbers = RAMP % 3
    picture = Image.fromarray(numbers).convert("P")
    picture.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 255])
    exif = Image.Exif()
    exif[274] = 6
    picture.save(tmp_path / "p.png", exif=exif)
    saved(tmp_path / "l.png", numbers)
    deep_png(tmp_path / "i.png", DEEP)
    saved(tmp_path / "b.png", RAMP > 99)
    tifffile.imwrite(tmp_path / "t.tif", DEEP)
    np.testing.assert_array_equal(read_index(tmp_path / "p.png"), numbers)
    np.testing.assert_array_equal(read_index(tmp_path / "l.png"), numbers)
    np.testing.assert_array_equal(read_index(tmp_path / "i.png"), DEEP)
    np.testing.assert_array_equal(read_index(tmp_path / "b.png"), RAMP > 99)
    np.testing.assert_array_equal(read_index(tmp_path / "t.tif"), DEEP)
    saved(tmp_path / "rgb.png", RGB)
    with pytest.raises(Unreadable, match="colours"):
        read_index(tmp_path / "rgb.png")


@pytest.mark.data
def test_odd_images_load_as_the_reference_readers_say_or_are_refused(data_dir):
    """Each file loads with the size others read, or is refused; nothing else."""
    import csv
    import re

    folder, checked, refused = data_dir / "odd_images", 0, []
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    for name, _, said in rows:
        size = re.search(r"Pillow ok \S+ (\d+)x(\d+)", said)
        try:
            image = read_image(folder / name)
        except Unreadable:
            refused.append(name)
            assert size is None, f"{name} is refused"
            continue
        shown = image.display_hwc()
        assert shown.shape == (image.height, image.width, 3)
        assert size is not None, f"{name}: others cannot read it"
        expected = (int(size[1]), int(size[2]))
        if image.orientation >= 5 and not name.endswith(".tif"):
            expected = expected[::-1]  # Pillow gives the stored size
        assert (image.width, image.height) == expected, name
        checked += 1
    assert checked > 80
    assert len(refused) > 20
