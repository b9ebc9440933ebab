"""``seggui refine`` on single masks, on folders of pairs and on projects."""

import json
import os
import signal

import numpy as np
import pytest
from PIL import Image
from tqdm import tqdm

from seggui.cli import dispatch, refine_masks
from seggui.core.edits import add_segments, set_locked
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source
from seggui.files.images import read_index
from seggui.files.project import Project

HEIGHT, WIDTH = 60, 80


def open_crashing_host():
    """A refine process whose library crashes."""
    return CrashingHost()


class CrashingHost:
    def handle(self, request, report):
        os.kill(os.getpid(), signal.SIGSEGV)

    def forget(self, key):
        pass


def block_with_hole():
    dense = np.zeros((HEIGHT, WIDTH), bool)
    dense[10:40, 10:50] = True
    dense[20:23, 20:23] = False
    dense[50:52, 70:72] = True
    return dense


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def photo():
    image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    image[12:42, 12:52] = (200, 150, 30)
    return image


@pytest.fixture(autouse=True)
def no_monitor(monkeypatch):
    """The bar's library keeps a thread of its own that outlives the bar."""
    monkeypatch.setattr(tqdm, "monitor_interval", 0)


@pytest.fixture
def pairs(tmp_path):
    folder = tmp_path / "pairs"
    for name in ("one", "two"):
        save(folder / "images" / f"{name}.png", photo())
        ids = np.where(block_with_hole(), 3, 0).astype(np.uint8)
        ids[5:8, 60:70] = 255
        save(folder / "masks" / f"{name}.png", ids)
        save(folder / "instances" / f"{name}.png", block_with_hole().astype("u2") * 300)
    return folder


@pytest.fixture
def project_folder(tmp_path):
    folder = tmp_path / "project"
    save(folder / "a" / "one.png", photo())
    save(folder / "two.png", photo())
    with Project.open(folder) as project:
        project.set_classes(project.classes.added("leaf").added("stem"))

        def annotate(document):
            mask = Mask.from_dense(block_with_hole())
            locked = Mask.from_window(HEIGHT, WIDTH, Box(60, 0, 64, 4), np.eye(4))
            offered = Mask.full(HEIGHT, WIDTH)
            source = Source("brush")
            return set_locked(
                add_segments(
                    document,
                    [
                        Segment(mask, 1, source, id="block"),
                        Segment(locked, 2, source, id="locked"),
                        Segment(offered, 2, source, id="new", status="candidate"),
                    ],
                ),
                ["locked"],
                locked=True,
            )

        project.edit("a/one.png", "Paint", annotate)
    return folder


def seggui(capsys, *words):
    code = dispatch.run(["refine", *map(str, words), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def test_a_single_mask_of_0_and_255_stays_one(tmp_path, capsys):
    save(tmp_path / "m.png", block_with_hole().astype(np.uint8) * 255)
    out = tmp_path / "out"
    code, result, _ = seggui(
        capsys, tmp_path / "m.png", "--recipe", "largest,fill", "--out", out
    )
    assert code == 0
    assert result["refined"] == [{"name": "m.png", "before": 1, "after": 1}]
    refined = read_index(out / "m.png")
    assert refined.dtype == np.uint8
    assert set(np.unique(refined)) == {0, 255}
    assert np.count_nonzero(refined) == 30 * 40


def test_a_crf_moves_a_single_mask_to_the_edges_of_its_image(tmp_path, capsys):
    save(tmp_path / "m.png", block_with_hole().astype(np.uint8) * 255)
    save(tmp_path / "photo.png", photo())
    words = (tmp_path / "m.png", "--recipe", "crf,largest", "--out", tmp_path / "out")
    code, result, error = seggui(capsys, *words)
    assert code == 1
    assert "--image" in error
    assert not (tmp_path / "out" / "m.png").exists()
    code, result, _ = seggui(capsys, *words, "--image", tmp_path / "photo.png")
    assert (code, result["failed"]) == (0, [])
    refined = read_index(tmp_path / "out" / "m.png") > 0
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[12:42, 12:52] = True
    assert np.array_equal(refined, expected)


def test_pairs_keep_ids_and_unlabelled_pixels(pairs, tmp_path, capsys):
    out = tmp_path / "out"
    code, result, _ = seggui(capsys, pairs, "--recipe", "fill,split", "--out", out)
    assert code == 0
    assert [row["name"] for row in result["refined"]] == [
        "masks/one.png",
        "instances/one.png",
        "masks/two.png",
        "instances/two.png",
    ]
    classes = read_index(out / "masks" / "one.png")
    assert set(np.unique(classes)) == {0, 3, 255}
    assert np.count_nonzero(classes == 255) == 30
    assert np.count_nonzero(classes == 3) == 1204
    instances = read_index(out / "instances" / "two.png")
    assert np.bincount(instances.ravel())[[300, 301]].tolist() == [1200, 4]


@pytest.mark.parametrize("single", [True, False])
def test_masks_that_are_there_are_replaced_only_when_told_to(
    pairs, tmp_path, capsys, single
):
    source = pairs / "masks" / "one.png" if single else pairs
    out = tmp_path / "out"
    by_hand = out / "one.png" if single else out / "masks" / "two.png"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(b"by hand")
    words = (source, "--recipe", "fill", "--out", out)
    code, result, _ = seggui(capsys, *words)
    assert code == 1
    assert f"{by_hand} would be written over" in result["error"]
    assert [p for p in out.rglob("*") if p.is_file()] == [by_hand]
    assert by_hand.read_bytes() == b"by hand"
    assert seggui(capsys, *words, "--replace")[0] == 0
    assert by_hand.read_bytes() != b"by hand"


def test_one_bad_file_does_not_stop_the_others(pairs, tmp_path, capsys):
    (pairs / "masks" / "one.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    code, result, error = seggui(capsys, pairs, "--recipe", "fill", "--out", out)
    assert code == 1
    assert len(result["refined"]) == 3
    assert "masks/one.png" in result["failed"][0]
    assert result["failed"][0] in error
    assert not (out / "masks" / "one.png").exists()


def test_a_mask_of_another_size_than_its_image_is_named(pairs, tmp_path, capsys):
    save(pairs / "images" / "one.png", photo()[:50])
    out = tmp_path / "out"
    code, result, _ = seggui(capsys, pairs, "--recipe", "crf", "--out", out)
    assert code == 1
    assert "80 x 60" in result["failed"][0]
    assert "80 x 50" in result["failed"][0]
    assert len(result["refined"]) == 2


def test_a_project_is_refined_into_masks_and_stays_as_it_is(
    project_folder, tmp_path, capsys
):
    annotation = project_folder / "annotations" / "a" / "one.png.json"
    before = annotation.read_bytes()
    out = tmp_path / "out"
    code, result, _ = seggui(
        capsys, project_folder, "--recipe", "largest,fill", "--out", out
    )
    assert code == 0
    assert [row["name"] for row in result["refined"]] == ["a/one.png"]
    ids = read_index(out / "masks" / "a" / "one.png")
    assert np.bincount(ids.ravel())[1:].tolist() == [1200, 4]
    assert annotation.read_bytes() == before


def test_an_image_with_nothing_but_candidates_gets_no_mask(
    project_folder, tmp_path, capsys
):
    offered = Segment(Mask.full(HEIGHT, WIDTH), 1, Source("brush"), status="candidate")
    with Project.open(project_folder) as project:
        project.edit("two.png", "Predict", lambda d: add_segments(d, [offered]))
    out = tmp_path / "out"
    code, result, _ = seggui(capsys, project_folder, "--recipe=fill", "--out", out)
    assert code == 0
    assert [row["name"] for row in result["refined"]] == ["a/one.png"]
    assert not (out / "masks" / "two.png").exists()


def test_a_project_is_changed_in_one_undo_step(project_folder, capsys):
    code, result, _ = seggui(
        capsys, project_folder, "--recipe", "fill,split", "--into-project"
    )
    assert code == 0
    assert result["refined"] == [{"name": "a/one.png", "before": 1, "after": 2}]
    with Project.open(project_folder) as project:
        opened = project.load("a/one.png")
        segments = opened.document.segments
        assert [s.mask.area for s in segments] == [1200, 4, 4, HEIGHT * WIDTH]
        assert [s.class_id for s in segments] == [1, 1, 2, 2]
        assert segments[0].id == "block"
        assert opened.undo().get("block").mask.area == 1195
        opened.close()


def test_a_project_that_someone_else_has_open_is_not_changed(project_folder, capsys):
    with Project.open(project_folder):
        code, result, _ = seggui(
            capsys, project_folder, "--recipe", "fill", "--into-project"
        )
    assert code == 1
    assert result["error"]


def test_a_crash_of_the_crf_names_the_file_and_the_next_one_is_tried(
    pairs, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(refine_masks, "FACTORY", f"{__name__}:open_crashing_host")
    out = tmp_path / "out"
    code, result, _ = seggui(capsys, pairs, "--recipe", "crf", "--out", out)
    assert code == 1
    assert len(result["failed"]) == 4
    assert "The CRF failed on" in result["failed"][0]
    assert "masks/one.png" in result["failed"][0]
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere", "--recipe", "fill", "--out", "o"], "no file or folder"),
        (["pairs", "--recipe", "fly", "--out", "o"], "no refinement step 'fly'"),
        (["pairs", "--recipe", "", "--out", "o"], "recipe is empty"),
        (["pairs", "--recipe", "fill", "--into-project"], "no project"),
        (["pairs", "--recipe", "fill", "--out", "o", "--image", "x"], "single mask"),
    ],
)
def test_wrong_requests_are_one_sentence(
    pairs, tmp_path, capsys, monkeypatch, words, says
):
    monkeypatch.chdir(tmp_path)
    code, result, _ = seggui(capsys, *words)
    assert code == 1
    assert says in result["error"]


@pytest.mark.parametrize("words", [[], ["p"], ["p", "--recipe", "fill"]])
def test_missing_options_are_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as caught:
        dispatch.run(["refine", *words])
    assert caught.value.code == 2


def test_refined_masks_never_take_the_place_of_their_sources(
    pairs, project_folder, capsys
):
    before = {p: p.read_bytes() for p in pairs.rglob("*.png")}
    code, result, _ = seggui(capsys, pairs, "--recipe", "fill", "--out", pairs)
    assert code == 1
    assert "masks of its own" in result["error"]
    mask = pairs / "masks" / "one.png"
    code, result, _ = seggui(capsys, mask, "--recipe", "fill", "--out", mask.parent)
    assert code == 1
    assert "take the place of" in result["error"]
    assert {p: p.read_bytes() for p in pairs.rglob("*.png")} == before
    inside = project_folder / "refined"
    code, result, _ = seggui(
        capsys, project_folder, "--recipe", "fill", "--out", inside
    )
    assert code == 1
    assert "inside the project" in result["error"]
    assert not inside.exists()
