from dataclasses import replace

import cv2
import numpy as np
import pytest

from seggui.core import edits
from seggui.core.classes import Classes
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest
from seggui.files.project import Project
from seggui.training.folders import open_labelled


def mask(y, x, size=6):
    dense = np.zeros((30, 40), bool)
    dense[y : y + size, x : x + size] = True
    return Mask.from_dense(dense)


def segment(class_id, y=2, x=2, **more):
    return Segment(mask(y, x), class_id, Source("test"), **more)


@pytest.fixture
def project(tmp_path):
    for name in "abcd":
        _, data = cv2.imencode(".png", np.zeros((30, 40, 3), np.uint8))
        (tmp_path / f"{name}.png").write_bytes(data.tobytes())
    with Project.open(tmp_path) as opened:
        classes = Classes().added("cell").added("sky", thing=False)
        opened.set_classes(classes)
        yield opened


def put(project, name, *segments, done=False):
    def change(document):
        document = edits.add_segments(document, segments)
        return replace(document, state="done") if done else document

    project.edit(name, "test", change)


def opened(project):
    return open_labelled(project.folder, (), unwatched)


def test_accepted_segments_count_and_candidates_do_not(project):
    put(
        project,
        "a.png",
        segment(1),
        segment(2, y=15),
        segment(1, y=2, x=20, status="candidate"),
    )
    put(project, "b.png", segment(1, status="candidate"))
    found = opened(project)
    assert [item.name for item in found.items] == ["a.png"]
    assert "3 images have no accepted segments" in found.notes[0]
    sample = found.items[0].load()
    assert found.classes == ("background", "cell", "sky")
    assert sample.channels_hw[3, 3] == 1
    assert sample.channels_hw[16, 3] == 2
    assert sample.channels_hw[3, 22] == 0


def test_things_are_objects_and_stuff_is_not(project):
    put(project, "a.png", segment(1), segment(1, x=20), segment(2, y=15))
    sample = opened(project).items[0].load()
    assert sorted(sample.labels.values()) == [1, 1]
    assert len(np.unique(sample.instances_hw)) == 3


def test_later_segments_cover_earlier_ones(project):
    put(project, "a.png", segment(2), segment(1, y=4, x=4))
    sample = opened(project).items[0].load()
    assert sample.channels_hw[2, 2] == 2
    assert sample.channels_hw[5, 5] == 1


def test_an_image_marked_as_done_without_segments_is_background(project):
    put(project, "a.png", segment(1))
    put(project, "b.png", done=True)
    found = opened(project)
    assert [item.name for item in found.items] == ["a.png", "b.png"]
    assert not found.items[1].load().channels_hw.any()


def test_only_background_is_nothing_to_learn(project):
    put(project, "a.png", done=True)
    with pytest.raises(BadRequest, match="only background"):
        opened(project)


def test_no_classes_are_refused_in_words(tmp_path):
    with Project.open(tmp_path) as project:
        project.set_classes(Classes())
    with pytest.raises(BadRequest, match="no classes yet"):
        open_labelled(tmp_path, (), unwatched)


def test_what_is_learnt_is_what_was_there_at_the_start(project):
    put(project, "a.png", segment(1))
    found = opened(project)
    put(project, "a.png", segment(2, y=2, x=2))
    assert found.items[0].load().channels_hw[3, 3] == 1


def test_an_image_replaced_by_one_of_another_size_is_refused(project):
    put(project, "a.png", segment(1))
    found = opened(project)
    _, data = cv2.imencode(".png", np.zeros((10, 10, 3), np.uint8))
    (project.folder / "a.png").write_bytes(data.tobytes())
    from seggui.errors import Unreadable

    with pytest.raises(Unreadable, match="made on 40 x 30"):
        found.items[0].load()
