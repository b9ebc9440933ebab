"""Masks go to a folder of their own, not over what somebody else made."""

import json

import pytest

from seggui.cli.dispatch import run
from seggui.cli.out_place import check_free, check_out
from seggui.errors import BadRequest
from seggui.files.formats.exporting import check_outside
from seggui.files.project import Project


@pytest.fixture
def pairs(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / "pairs" / kind).mkdir(parents=True)
        (tmp_path / "pairs" / kind / "a.png").write_bytes(b"by hand")
    return tmp_path / "pairs"


def test_predictions_never_replace_masks_made_by_hand(pairs, capsys):
    words = ["predict", str(pairs), "--model", "unet", "--out", str(pairs), "--json"]
    assert run(words) == 1
    assert "masks of its own" in json.loads(capsys.readouterr().out)["error"]
    assert (pairs / "masks/a.png").read_bytes() == b"by hand"


@pytest.mark.parametrize("kind", ["masks", "instances"])
@pytest.mark.parametrize("through_a_link", [False, True])
def test_images_in_a_folder_called_like_results_are_not_written_over(
    tmp_path, kind, through_a_link
):
    photos = tmp_path / "set" / kind
    photos.mkdir(parents=True)
    (photos / "a.png").write_bytes(b"a photograph")
    out = tmp_path / "set"
    if through_a_link:
        out = tmp_path / "out"
        out.mkdir()
        (out / kind).symlink_to(photos)
    for source in (photos, photos / "a.png"):
        with pytest.raises(BadRequest, match="written over it"):
            check_out(out, source)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("behind", ["file", "folder", "nothing"])
def test_what_a_link_leads_to_is_never_written_over(tmp_path, behind, replace):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    out.mkdir()
    if behind == "folder":
        (out / "instances").symlink_to(photos)
    else:
        (out / "instances").mkdir()
        (out / "instances/a.png").symlink_to(photos / "a.png")
    if behind != "nothing":
        (photos / "a.png").write_bytes(b"a photograph")
    with pytest.raises(BadRequest, match=r"a link to .*photos.*a\.png"):
        check_free(out, ["instances/a.png"], replace=replace)
    check_free(out, ["instances/b.png"], replace=replace)


def test_a_folder_for_results_may_itself_be_a_link(tmp_path):
    real, out = tmp_path / "real", tmp_path / "out"
    (real / "instances").mkdir(parents=True)
    (real / "instances/a.png").write_bytes(b"of the last time")
    out.symlink_to(real)
    check_free(out, ["instances/a.png"], replace=True)
    with pytest.raises(BadRequest, match="--replace"):
        check_free(out, ["instances/a.png"], replace=False)


def test_links_in_a_circle_are_no_folder_of_anybody(tmp_path):
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    photos = tmp_path / "photos"
    photos.mkdir()
    check_out(circle, photos)
    with Project.open(photos, read_only=True) as project:
        check_outside(circle, project)


def test_a_folder_inside_a_project_or_the_source_itself_is_refused(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "seggui.json").write_text("{}")
    with pytest.raises(BadRequest, match="inside the project"):
        check_out(project / "a" / "b", project)
    photos = tmp_path / "photos"
    photos.mkdir()
    with pytest.raises(BadRequest, match="images themselves"):
        check_out(photos, photos)
    check_out(photos / "found", photos)
    check_out(tmp_path / "new", photos)
