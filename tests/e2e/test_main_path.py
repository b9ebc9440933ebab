"""Each row of the main path, through the real window and real processes."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from person import TRUTH, UNTOUCHED
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox

from seggui.core import edits
from seggui.core.mask import Mask
from seggui.core.segment import new_segment_id
from seggui.files.images import read_index
from seggui.files.journal import read_journal
from seggui.files.project import Project
from seggui.gui.dialogs.export import ExportDialog
from seggui.gui.dialogs.import_ import ImportDialog
from seggui.jobs.train_options import TrainOptions
from seggui.models import catalog

TINY = TrainOptions(
    model="unet",
    epochs=2,
    crop=128,
    batch_size=2,
    steps_per_epoch=4,
    group_by="none",
    threads=1,
    device="cpu",
    precision="float32",
)


def middle_of(segment):
    """A pixel well inside the segment."""
    ys, xs = np.nonzero(segment.mask.dense())
    place = np.argmin((ys - ys.mean()) ** 2 + (xs - xs.mean()) ** 2)
    return int(xs[place]), int(ys[place])


def overlap(mask, other):
    """Intersection over union."""
    return mask.intersection(other).area / mask.union(other).area


@pytest.fixture
def person(start, sample):
    return start(sample, TRUTH)


def test_1_a_click_is_the_pixel_under_the_mouse(person):
    person.click_at(200, 31)
    [point] = person.session.prompt.points
    assert (int(point.x), int(point.y), point.positive) == (200, 31, True)
    person.click_at(10, 250, Qt.MouseButton.RightButton)
    second = person.session.prompt.points[1]
    assert (int(second.x), int(second.y), second.positive) == (10, 250, False)
    person.wait_candidates()


def test_2_marks_become_one_request_and_the_newest_wins(person, monkeypatch):
    asked = []
    ask = person.session.link.ask

    def listen(key, model_id, prompt, recipe=""):
        ticket = ask(key, model_id, prompt, recipe)
        asked.append((key, model_id, len(prompt.points), ticket))
        return ticket

    monkeypatch.setattr(person.session.link, "ask", listen)
    answers = []
    person.session.link.candidates_ready.connect(lambda r: answers.append(r.ticket))
    for x in (60, 90, 120):
        person.click_at(x, 120)
    person.wait_candidates()
    key = person.session.image.key
    assert [row[:3] for row in asked] == [(key, "classic", n) for n in (1, 2, 3)]
    tickets = [row[3] for row in asked]
    assert tickets == sorted(set(tickets))
    person.settle(200)
    assert answers[-1] == tickets[-1]


def test_3_an_image_is_encoded_when_it_is_shown_before_any_click(start, sample):
    person = start()
    encoded = []
    person.session.link.encoded.connect(encoded.append)
    person.open(sample, TRUTH)
    person.wait(lambda: bool(encoded), "the encoding")
    assert person.session.prompt.empty
    assert not person.session.candidates


def test_4_and_5_a_click_on_a_cell_brings_its_mask(person, truth):
    cell = truth[0]
    person.click_at(*middle_of(cell))
    person.wait_candidates()
    assert overlap(person.session.candidates[0].mask, cell.mask) > 0.75
    scores = [c.score for c in person.session.candidates]
    assert all(0 <= score <= 1 for score in scores)


def test_5_a_recipe_runs_in_its_process_and_is_one_step(person, truth):
    person.segment(*middle_of(truth[0]))
    before = person.document
    panel = person.window.panels.refine
    person.window.show_dock("refine")
    panel.show_recipe("grow:3,largest,fill:200")
    panel.findChild(QCheckBox).click()
    person.wait(lambda: person.session.refining.preview, "the preview")
    assert person.document is before
    steps = len(person.session.history.steps)
    panel.segment.click()
    person.wait(lambda: person.document is not before, "the recipe")
    assert len(person.session.history.steps) == steps + 1
    assert person.document.segments[0].mask.area > before.segments[0].mask.area
    assert person.session.link.refiner.pid not in (None, os.getpid())


def test_6_a_candidate_is_seen_but_not_yet_in_the_document(person, truth):
    before = person.window.canvas.grab().toImage()
    saved = person.document
    person.click_at(*middle_of(truth[0]))
    person.wait_candidates()
    assert person.window.canvas.grab().toImage() != before
    assert person.document is saved
    assert not person.file.exists()
    person.key(Qt.Key.Key_Escape)
    assert not person.session.candidates
    assert person.document is saved


def test_7_accepting_is_one_edit_with_its_origin_and_a_line_on_disk(person, truth):
    candidates = []
    person.click_at(*middle_of(truth[0]))
    person.wait_candidates()
    candidates.append(person.session.candidate)
    person.key(Qt.Key.Key_Return)
    [segment] = person.document.segments
    assert segment.mask.same_pixels(candidates[0].mask)
    assert (segment.source.tool, segment.source.model) == ("point", "classic")
    assert len(person.session.history.steps) == 2
    # Before anything is saved: the journal alone holds the gesture.
    assert not person.file.exists()
    kinds = [entry["t"] for entry in read_journal(person.journal).entries]
    assert kinds == ["journal", "step"]


def test_8_what_is_said_to_be_saved_is_on_disk(person, sample, truth):
    segment = person.segment(*middle_of(truth[0]))
    assert person.window.status._saved.text() == "Not yet saved"
    person.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    person.wait(lambda: person.session.saved, "saving")
    person.settle()
    assert person.window.status._saved.text() == "Saved"
    [stored] = json.loads(person.file.read_bytes())["segments"]
    assert (stored["id"], stored["area"]) == (segment.id, segment.mask.area)
    with Project.open(sample, read_only=True) as project:
        again = project.read_document(TRUTH)
    assert again.segments[0].mask.same_pixels(segment.mask)


def export(person, format_id, out):
    """Export through the dialog; returns what it says will be lost."""
    person.do("export")
    dialog = person.window.findChild(ExportDialog)
    dialog.choose_format(format_id)
    dialog.folder.setText(str(out))
    person.wait(lambda: "…" not in dialog.losses.text(), "what will be lost")
    losses = dialog.losses.text()
    assert not out.exists(), "told before anything is written"
    gone = []
    dialog.finished.connect(gone.append)
    dialog.do.click()
    person.wait(lambda: gone, "the export")
    person.settle()
    return losses


def test_9_exported_masks_read_back_equal_and_losses_are_told(person, tmp_path, truth):
    top = person.segment(*middle_of(truth[0]))
    # A second segment over half of the first: index masks cannot hold both.
    person.session.edit(
        "Copy", lambda d: edits.add_segments(d, [_shifted(top, person.document)])
    )
    losses = export(person, "png-index", tmp_path / "masks")
    assert "Segments of one class on an image become one" in losses
    [path] = (tmp_path / "masks").rglob("*cells_h*.png")
    found = read_index(path)
    wanted = np.zeros(found.shape, bool)
    for segment in person.document.segments:
        wanted |= segment.mask.dense()
    assert np.array_equal(found == 1, wanted)


def _shifted(segment, document):
    moved = np.roll(segment.mask.dense(), 4, axis=1)
    return replace(segment, id=new_segment_id(), mask=Mask.from_dense(moved))


@pytest.mark.parametrize("format_id", ["png-instance", "coco"])
def test_9_what_was_exported_comes_back_equal(person, tmp_path, truth, format_id):
    for segment in truth[:2]:
        person.segment(*middle_of(segment))
    made = person.document.segments
    # Index images give pixels that two share to the upper one: these share none.
    assert not made[0].mask.intersection(made[1].mask).area
    person.do("save")
    export(person, format_id, tmp_path / "out")
    for _ in range(2):
        person.do("undo")
    assert person.document.segments == ()
    person.do("import")
    dialog = person.window.findChild(ImportDialog)
    dialog.format.setCurrentIndex(dialog.format.findData(format_id))
    source = tmp_path / "out"
    if format_id == "coco":
        [source] = [p for p in source.glob("*.json") if "export" not in p.name]
    dialog.choose_source(str(source))
    person.wait(dialog.do.isEnabled, "the import to be read")
    dialog.existing.setCurrentIndex(dialog.existing.findData("replace"))
    dialog.do.click()
    person.wait(lambda: len(person.document.segments) == 2, "the import")
    person.wait(lambda: not person.session.folder_work.running, "its end")
    back = {s.mask.area: s.mask for s in person.document.segments}
    for segment in made:
        assert back[segment.mask.area].same_pixels(segment.mask)
    # One undo step, as any gesture.
    person.do("undo")
    assert person.document.segments == ()


def test_10_and_11_a_model_learns_registers_and_labels_another_image(person):
    session = person.session
    person.window.show_dock("training")
    person.window.panels.training.start_wished.emit(TINY)
    person.wait(lambda: session.training.running, "the training to start")
    child = session.training._process.pid
    assert child != os.getpid()
    person.wait(lambda: not session.training.running, "the training", 280)
    person.wait(lambda: session.training._process is None, "its end to be noticed")
    assert session.training.rows[0].state == "finished", person.told
    run = session.project.runs_folder / session.training.rows[0].name
    assert {"run.json", "events.jsonl", "model.json", "model.safetensors"} <= {
        path.name for path in run.iterdir()
    }
    [info] = catalog.runs(session.project.folder)
    assert info.run == f"runs/{run.name}"
    assert session.training.view.curves.scores

    person.show(UNTOUCHED[1])
    session.predict_image(str(run), f"runs/{run.name}")
    person.wait(lambda: not session.predicting.running, "the prediction")
    person.settle()
    assert session.uncertainty_hw.shape == (256, 256)
    offered = person.document.segments
    assert offered, person.told
    assert not any(segment.accepted for segment in offered)
    assert {segment.source.model for segment in offered} == {f"runs/{run.name}"}
    person.do("accept_offered")
    assert all(segment.accepted for segment in person.document.segments)
    person.do("undo")
    person.do("reject_offered")
    assert person.document.segments == ()
