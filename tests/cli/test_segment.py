"""``seggui segment``: masks of points and boxes, as a person asks for them."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from seggui.cli import dispatch
from seggui.files.images import read_image, read_index
from seggui.models import catalog
from seggui.models.prompted.classic import ClassicModel

HEIGHT, WIDTH = 90, 120


def two_discs():
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return [np.hypot(rows - 45, columns - x) < 18 for x in (30, 88)]


@pytest.fixture
def photo(tmp_path):
    image = np.full((HEIGHT, WIDTH, 3), (50, 60, 70), np.uint8)
    for disc in two_discs():
        image[disc] = (220, 120, 40)
    path = tmp_path / "photo.png"
    Image.fromarray(image).save(path)
    return path


def segment(photo, *words, out="mask.png"):
    target = photo.parent / out
    words = (str(photo), *map(str, words), "--out", str(target))
    return dispatch.run(["segment", *words]), target


def read(path):
    mask = read_index(path)
    assert mask.dtype == np.uint8
    return mask


def iou(one, two):
    return (one & two).sum() / (one | two).sum()


def test_a_point_gives_a_mask_of_0_and_255(photo):
    code, out = segment(photo, "--point", "30,45")
    assert code == 0
    mask = read(out)
    assert mask.shape == (HEIGHT, WIDTH)
    assert set(np.unique(mask)) == {0, 255}
    assert iou(mask > 0, two_discs()[0]) > 0.9


def test_several_boxes_give_all_their_objects_in_one_mask(photo):
    code, out = segment(photo, "--box", "8,22,53,68", "--box", "66,22,111,68")
    assert code == 0
    left, right = two_discs()
    assert iou(read(out) > 0, left | right) > 0.9


def test_a_given_mask_is_corrected(photo):
    left, right = two_discs()
    Image.fromarray(np.uint8(left | right)).save(photo.parent / "old.png")
    words = ("--mask", photo.parent / "old.png", "--point", "88,45,0")
    code, out = segment(photo, *words)
    assert code == 0
    assert iou(read(out) > 0, left) > 0.9


def test_an_empty_mask_to_correct_is_as_good_as_none(photo):
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(photo.parent / "old.png")
    words = ("--model", "snake", "--point", "30,45")
    _, alone = segment(photo, *words)
    _, given = segment(photo, *words, "--mask", photo.parent / "old.png", out="2.png")
    assert np.array_equal(read(alone), read(given))
    assert read(given).any()


def test_a_mask_in_which_nothing_was_found_is_said_to_be_empty(photo, capsys):
    words = ("--point", "30,45", "--recipe", "drop:9999")
    code, out = segment(photo, *words)
    assert code == 0
    assert not read(out).any()
    assert f"Nothing was found: the mask {out} is empty." in capsys.readouterr().err


def test_all_candidates_are_numbered(photo, capsys):
    code, out = segment(photo, "--point", "30,45", "--all-candidates", "--json")
    assert code == 0
    result = json.loads(capsys.readouterr().out)
    names = [row["out"] for row in result["masks"]]
    expected = [str(out.with_name(f"mask-{i + 1}.png")) for i in range(len(names))]
    assert names == expected
    assert len(names) > 1
    for row in result["masks"]:
        mask = read(row["out"]) > 0
        rows, columns = np.nonzero(mask)
        assert row["area"] == mask.sum()
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert row["bbox"] == box
    assert not out.exists()
    assert result["model"] == "clicknet"
    assert result["elapsed_s"] > 0


def test_a_recipe_runs_over_the_mask(photo):
    _, plain = segment(photo, "--point", "30,45")
    _, grown = segment(photo, "--point", "30,45", "--recipe", "grow:3", out="grown.png")
    assert (read(grown) > 0).sum() > (read(plain) > 0).sum()


def test_the_mask_has_the_size_of_the_image_as_shown(photo):
    turned = photo.parent / "turned.jpg"
    image = Image.fromarray(read_image(photo).display_hwc())
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(turned, exif=exif, quality=95)
    code, out = segment(turned, "--point", "44,30")
    assert code == 0
    assert read(out).shape == (WIDTH, HEIGHT)
    assert read(out)[30, 44] == 255


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--point", "500,3"), "outside the image"),
        (("--point", "-1,-.5"), "The point (-1, -0.5) lies outside the image"),
        (("--box", "-9,-9,-1,-1"), "no area inside the image"),
        (("--point", "3,3,0"), "Click on the object first"),
        (("--text", "a disc"), "does not read text"),
        (("--point", "3,3", "--model", "nonesuch"), "nonesuch"),
        (("--point", "3,3", "--recipe", "nonesuch"), "nonesuch"),
        (("--box", "0,0,9,9", "--box", "9,9,20,20", "--point", "50,50"), "none of the"),
        (("--box", "0,0,9,9", "--box", "9,9,20,20", "--all-candidates"), "one box"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(photo, capsys, words, reason):
    code, out = segment(photo, *words)
    assert code == 1
    assert reason in capsys.readouterr().err
    assert not out.exists()


def test_asking_for_nothing_is_wrong_usage(photo, capsys):
    with pytest.raises(SystemExit) as ended:
        segment(photo)
    assert ended.value.code == 2
    assert "nothing is asked for" in capsys.readouterr().err


def test_a_mask_of_another_size_is_refused(photo, capsys):
    Image.fromarray(np.zeros((5, 6), np.uint8)).save(photo.parent / "old.png")
    words = ("--mask", photo.parent / "old.png", "--point", "30,45")
    assert segment(photo, *words)[0] == 1
    assert "6 x 5" in capsys.readouterr().err


def test_an_image_that_is_none_is_refused(tmp_path, capsys):
    false = tmp_path / "false.png"
    false.write_text("no image")
    assert segment(false, "--point", "1,1")[0] == 1
    assert "false.png" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--point", "3"), ("--point", "3,4,5")])
def test_a_point_that_is_none_is_wrong_usage(photo, words):
    with pytest.raises(SystemExit) as stop:
        segment(photo, *words)
    assert stop.value.code == 2


def test_a_box_of_no_area_is_wrong_usage(photo):
    with pytest.raises(SystemExit) as stop:
        segment(photo, "--box", "9,9,9,20")
    assert stop.value.code == 2


def test_the_classic_model_answers_without_torch(photo):
    code = (
        "import sys; from seggui.cli import dispatch; "
        f"dispatch.run(['segment', {str(photo)!r}, '--point', '30,45', "
        f"'--model', 'classic', '--out', {str(photo.parent / 'out.png')!r}]); "
        "print(*sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    loaded = set(out.split())
    assert "seggui.models.prompted.classic" in loaded
    assert {"torch", "torchvision", "PySide6"}.isdisjoint(loaded)


def test_a_photograph_is_never_overwritten_by_a_mask(photo, capsys):
    before = photo.read_bytes()
    assert segment(photo, "--point", "30,45", out=photo.name)[0] == 1
    assert "is no mask" in capsys.readouterr().err
    numbered = photo.with_name("mask-2.png")
    numbered.write_bytes(before)
    words = ("--point", "30,45", "--all-candidates")
    assert segment(photo, *words)[0] == 1
    assert photo.read_bytes() == numbered.read_bytes() == before
    assert not photo.with_name("mask-1.png").exists()
    assert segment(photo, "--point", "30,45")[0] == 0
    assert segment(photo, "--point", "88,45")[0] == 0  # a mask may be made again


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_black_and_white_image_is_not_taken_for_a_mask_of_itself(
    photo, capsys, through_a_link
):
    scan = photo.with_name("scan.png")
    Image.fromarray(two_discs()[0].astype(np.uint8) * 255).save(scan)
    before, out = scan.read_bytes(), scan
    if through_a_link:
        out = photo.with_name("link.png")
        out.symlink_to(scan)
    assert segment(scan, "--point", "30,45", out=out.name)[0] == 1
    assert "is the image itself" in capsys.readouterr().err
    assert scan.read_bytes() == before


def test_what_a_line_has_outside_the_image_is_cut_off(photo):
    code, out = segment(photo, "--scribble", "22,45 38,45 200,45", "--scribble=-9,-9")
    assert code == 0
    assert iou(read(out) > 0, two_discs()[0]) > 0.8


def test_a_folder_is_no_name_of_a_mask(photo, capsys):
    words = ["segment", str(photo), "--point", "44,30", "--all-candidates"]
    for out in ("", str(photo.parent)):
        assert dispatch.run([*words, "--out", out]) == 1
        assert "is a folder" in capsys.readouterr().err


def test_a_name_that_is_none_of_a_png_is_refused(photo, capsys):
    code, out = segment(photo, "--point", "44,30", out="mask.jpg")
    assert code == 1
    assert "a name such as mask.png" in capsys.readouterr().err
    assert not out.exists()


def test_lines_on_and_beside_the_object_are_read(photo):
    on, beside = "22,45 38,45", "52,10 60,80 66,80|0"
    words = ("--model", "graphcut", "--scribble", on, "--scribble", beside)
    code, out = segment(photo, *words)
    assert code == 0
    assert iou(read(out) > 0, two_discs()[0]) > 0.9


def test_a_rough_drawing_is_enough(photo):
    rough = np.zeros((HEIGHT, WIDTH), np.uint8)
    rough[22:68, 8:52] = 255
    Image.fromarray(rough).save(photo.parent / "rough.png")
    words = ("--model", "grabcut", "--rough", photo.parent / "rough.png")
    code, out = segment(photo, *words)
    assert code == 0
    assert iou(read(out) > 0, two_discs()[0]) > 0.9


def test_what_is_set_changes_the_answer(photo):
    areas = []
    for word in ("yes", "no"):
        words = ("--model", "wand", "--point", "30,45", "--set", f"contiguous={word}")
        code, out = segment(photo, *words)
        assert code == 0
        areas.append((read(out) > 0).sum())
    left, right = two_discs()
    assert abs(areas[0] - left.sum()) < 60
    assert abs(areas[1] - (left | right).sum()) < 120


def test_a_run_is_a_model_too(photo, monkeypatch):
    opened = []

    def open_prompted(model_id, weights):
        opened.append(model_id)
        return ClassicModel()

    monkeypatch.setattr(catalog, "open_prompted", open_prompted)
    run = str(photo.parent / "runs" / "mine")
    code, out = segment(photo, "--point", "30,45", "--model", run)
    assert (code, opened) == (0, [run])
    assert read(out).any()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--set", "mood=1"), "'mood'.*tolerance, contiguous"),
        (("--set", "tolerance=900"), "'tolerance' is a number from 0 to 255"),
        (("--exemplar", "1,1,9,9"), "does not read examples"),
        (("--box", "1,1,9,9", "--box", "2,2,8,8", "--scribble", "3,3"), "one box"),
        (("--scribble", "500,500 600,600"), "outside the image"),
    ],
)
def test_what_makes_no_sense_of_a_method_is_one_sentence(photo, capsys, words, says):
    code, out = segment(photo, "--model", "wand", "--point", "30,45", *words)
    assert code == 1
    assert re.search(says, capsys.readouterr().err)
    assert not out.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--scribble", ""),
        ("--scribble", "1,2 3"),
        ("--scribble", "1,2 3,4|2"),
        ("--scribble", "1,x"),
        ("--set", "tolerance"),
        ("--set", "=3"),
        ("--exemplar", "3,3,1,1"),
    ],
)
def test_new_words_that_cannot_be_read_are_wrong_usage(photo, words):
    with pytest.raises(SystemExit) as end:
        segment(photo, "--point", "30,45", *words)
    assert end.value.code == 2


@pytest.mark.parametrize(("model", "scored"), [("classic", True), ("wand", False)])
def test_a_score_is_told_where_the_method_has_one(photo, capsys, model, scored):
    words = ("--model", model, "--point", "30,45")
    segment(photo, *words)
    assert ("pixels, score" in capsys.readouterr().out) is scored
    segment(photo, *words, "--json")
    result = json.loads(capsys.readouterr().out)
    assert (result["masks"][0]["score"] is not None) is scored
