"""Every dialog can be left without a trace, and wishes for what was chosen."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from seggui.core.classes import Classes
from seggui.core.document import ImageFacts
from seggui.core.ports import ModelInfo, WeightsFile
from seggui.files.formats.importing import suggest_mapping
from seggui.files.formats.table import FORMATS
from seggui.files.formats.values import (
    FoundClass,
    Imported,
    ImportedDocument,
    ImportedSegment,
    Refusal,
)
from seggui.files.settings import SETTINGS
from seggui.gui.dialogs.about import AboutDialog
from seggui.gui.dialogs.crash_report import CrashDialog, CrashReport
from seggui.gui.dialogs.download import DownloadDialog
from seggui.gui.dialogs.everything import EverythingDialog
from seggui.gui.dialogs.export import ExportDialog
from seggui.gui.dialogs.import_ import ImportDialog
from seggui.gui.dialogs.new_class import NewClassDialog
from seggui.gui.dialogs.settings import SettingsDialog
from seggui.gui.dialogs.shortcuts import ShortcutsDialog
from seggui.gui.docks import DOCKS

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

INFO = ModelInfo(
    "fcn",
    "FCN",
    "semantic",
    weights=WeightsFile("fcn.pth", "https://example.org/fcn.pth", 42_000_000, "ab"),
    weights_licence="BSD-3-Clause",
)
VALUES = {row.key: row.default for row in SETTINGS}
MAKERS = {
    "about": AboutDialog,
    "crash": lambda p: CrashDialog(CrashReport("KeyError: 'x'", "Traceback"), p),
    "download": lambda p: DownloadDialog(INFO, Path("/models"), p),
    "everything": lambda p: EverythingDialog("Classic", (), p),
    "export": lambda p: ExportDialog(FORMATS, Path("/tmp/project"), 3, p),
    "import": lambda p: ImportDialog(FORMATS, p),
    "new class": lambda p: NewClassDialog(["leaf"], p),
    "settings": lambda p: SettingsDialog(VALUES.__getitem__, {}, p),
    "shortcuts": ShortcutsDialog,
}
WISHES = (
    "add_wished",
    "changed",
    "download_wished",
    "export_wished",
    "import_wished",
    "keep_wished",
)


def heard_of(signal):
    heard = []
    signal.connect(lambda *what: heard.append(what))
    return heard


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


def opened(qtbot, parent, name):
    dialog = MAKERS[name](parent)
    dialog.open()
    return dialog


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("way", ["button", "escape"])
def test_a_dialog_can_be_left_and_nothing_happens(qtbot, parent, name, way):
    dialog = opened(qtbot, parent, name)
    heard = [
        heard_of(getattr(dialog, wish)) for wish in WISHES if hasattr(dialog, wish)
    ]
    with qtbot.waitSignal(dialog.rejected):
        if way == "button":
            dialog.cancel.click()
        else:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not any(heard)


def test_a_new_class_needs_a_name_that_is_free(qtbot, parent):
    dialog = opened(qtbot, parent, "new class")
    heard = heard_of(dialog.add_wished)
    assert not dialog.do.isEnabled()
    dialog.name.setText("leaf")
    assert not dialog.do.isEnabled()
    dialog.name.setText(" stem ")
    dialog.stuff.setChecked(True)
    dialog.do.click()
    assert heard == [("stem", False)]


def test_a_download_is_asked_for_with_its_size_and_address(qtbot, parent):
    from PySide6.QtWidgets import QLabel

    dialog = opened(qtbot, parent, "download")
    text = "\n".join(part.text() for part in dialog.findChildren(QLabel))
    assert "https://example.org/fcn.pth" in text
    assert "42" in text
    assert "BSD-3-Clause" in text
    heard = heard_of(dialog.download_wished)
    dialog.do.click()
    assert heard == [(INFO,)]


def test_a_gated_download_says_where_to_ask(qtbot, parent):
    from PySide6.QtWidgets import QLabel

    weights = WeightsFile("a/b.pt", "https://example.org/b", None, "", access="ASK")
    info = ModelInfo("a", "A", "prompted", weights=weights)
    dialog = DownloadDialog(info, Path("/models"), parent)
    text = "\n".join(part.text() for part in dialog.findChildren(QLabel))
    for words in ("ask at ASK", "HF_TOKEN", "not stated", "is written down"):
        assert words in text


def test_the_model_for_clicks_is_chosen_from_those_at_hand(qtbot, parent):
    models = (("The best at hand", ""), ("Keen", "keen"))
    values = VALUES | {"prompted_model": "gone"}
    dialog = SettingsDialog(values.__getitem__, {}, parent, {"prompted_model": models})
    dialog.open()
    heard = heard_of(dialog.changed)
    box = dialog.fields["prompted_model"]
    assert box.currentText() == "gone (not at hand)"
    box.setCurrentIndex(box.findData("keen"))
    dialog.do.click()
    assert heard == [({"prompted_model": "keen"},)]


def test_only_changed_settings_are_wished_for(qtbot, parent):
    dialog = opened(qtbot, parent, "settings")
    assert set(dialog.fields) == {row.key for row in SETTINGS}
    heard = heard_of(dialog.changed)
    dialog.fields["autosave"].setChecked(False)
    dialog.do.click()
    assert heard == [({"autosave": False},)]


def test_the_page_of_shortcuts_can_be_searched_and_kept(qtbot, parent):
    dialog = opened(qtbot, parent, "shortcuts")
    whole = dialog.page.toPlainText()
    assert "Ctrl+S" in whole
    assert all(row.shortcut in whole for row in DOCKS)
    dialog.field.setText("merge")
    text = dialog.page.toPlainText()
    assert "Merge Selected" in text
    assert "Ctrl+S" not in text
    dialog.field.setText("qqq")
    assert "Nothing" in dialog.page.toPlainText()
    dialog.reject()


def test_a_crash_report_can_be_copied(qtbot, parent):
    dialog = opened(qtbot, parent, "crash")
    dialog.copy_report()
    assert QGuiApplication.clipboard().text() == "Traceback"
    dialog.reject()


# -- export


def test_the_losses_of_the_chosen_format_are_shown_before_anything_is_written(
    qtbot, parent
):
    dialog = opened(qtbot, parent, "export")
    asked = heard_of(dialog.check_wished)
    dialog.begin()
    first = FORMATS[0].id
    assert asked == [(first,)]
    dialog.show_losses(first, ("Two segments overlap; the upper one wins.",))
    assert "the upper one wins" in dialog.losses.text()
    dialog.choose_format("coco")
    assert asked[-1] == ("coco",)
    dialog.show_losses(first, ("late answer",))
    assert "late answer" not in dialog.losses.text()
    dialog.show_losses("coco", ())
    assert dialog.losses.text().startswith("Nothing of the masks")
    assert dialog.folder.text().endswith("project-coco")
    dialog.reject()


def test_an_export_can_be_cancelled_while_it_runs(qtbot, parent):
    dialog = opened(qtbot, parent, "export")
    exported, cancelled = heard_of(dialog.export_wished), heard_of(dialog.cancel_wished)
    dialog.folder.setText("/tmp/out")
    dialog.do.click()
    assert exported == [(FORMATS[0].id, Path("/tmp/out"))]
    dialog.show_progress(3, 10, "c.png")
    assert not dialog.do.isEnabled()
    dialog.cancel.click()
    assert cancelled == [()]


def test_a_failed_export_can_be_tried_again(qtbot, parent):
    dialog = opened(qtbot, parent, "export")
    dialog.do.click()
    dialog.show_problem("Could not save: disk full.")
    assert dialog.do.isEnabled()
    dialog.folder.setText(" ")
    assert not dialog.do.isEnabled()
    dialog.reject()


# -- import


FACTS = ImageFacts("a.png", 4, 4, "sha256:0")


def imported(*refused):
    segments = (ImportedSegment(1, "04d0"), ImportedSegment(2, "04d0"))
    classes = (FoundClass(1, "leaf", segments=1), FoundClass(2, "new", segments=1))
    return Imported((ImportedDocument(FACTS, segments),), classes, refused)


def test_what_an_import_brings_is_shown_and_mapped(qtbot, parent):
    dialog = opened(qtbot, parent, "import")
    read, wished = heard_of(dialog.read_wished), heard_of(dialog.import_wished)
    assert not dialog.do.isEnabled()
    dialog.choose_source("/tmp/masks")
    assert read == [(FORMATS[0].id, Path("/tmp/masks"))]
    classes = Classes().added("leaf").added("stem")
    found = imported(Refusal("b.png", "it is no mask"))
    dialog.show_found(found, suggest_mapping(found, classes), classes)
    assert "2 segments on 1 images" in dialog._found.text()
    assert "b.png: it is no mask" in dialog._found.text()
    box = dialog.table.cellWidget(1, 2)
    assert box.currentText() == "new class new"
    box.setCurrentIndex(box.findData("stem"))
    dialog.existing.setCurrentIndex(2)
    dialog.do.click()
    wanted = {"leaf": "leaf", "new": "stem"}
    assert wished == [(FORMATS[0].id, found, wanted, "skip")]
    dialog.reject()


def test_a_source_that_cannot_be_read_is_told(qtbot, parent):
    dialog = opened(qtbot, parent, "import")
    cancelled = heard_of(dialog.cancel_wished)
    dialog.choose_source("/tmp/nothing")
    dialog.show_problem("Could not read nothing: it is not there.")
    assert not dialog.do.isEnabled()
    assert "it is not there" in dialog._problem.text()
    dialog.choose_source("/tmp/other")
    dialog.reject()
    assert cancelled == [()]


def test_nothing_is_exported_when_there_is_nothing(qtbot, parent):
    dialog = ExportDialog(FORMATS, Path("/tmp/project"), 0, parent)
    dialog.open()
    assert not dialog.do.isEnabled()
    dialog.folder.setText("/tmp/elsewhere")
    assert not dialog.do.isEnabled()
