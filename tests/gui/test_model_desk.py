"""Models are fetched, checked and removed, and another one steps in for a lost one."""

import pytest
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget
from session_fixtures import SquareHost, make_session, write_images
from weights_server import CONTENT, SHA256, Act, server

from seggui.core.ports import ModelInfo, WeightsFile
from seggui.core.prompt import Point, Prompt
from seggui.errors import MissingWeights
from seggui.files import model_store
from seggui.gui.model_desk import ModelDesk
from seggui.gui.panels.all_panels import Panels
from seggui.gui.weights_work import Pace, fetching_row
from seggui.jobs.messages import Encode

__all__ = ["server"]

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


class Shelf:
    """A model with weights, and one that is built in."""

    def __init__(self, server):
        self.weights = WeightsFile(
            "net.pt", f"{server.address}/net.pt", len(CONTENT), SHA256
        )
        self.keen = ModelInfo(
            "keen", "Keen", "prompted", weights=self.weights, needs_weights=True
        )

    def builtin(self):
        return self.keen, ModelInfo("squares", "Squares", "prompted")

    taught = ()

    def runs(self, folder):
        return self.taught


class Loses(SquareHost):
    """Cannot open a model whose weights are gone."""

    def __init__(self, weights):
        super().__init__()
        self._weights = weights

    def handle(self, request, report):
        if request.model_id == "keen" and not isinstance(request, Encode):
            raise MissingWeights(model_store.missing_text(self._weights))
        return super().handle(request, report)


@pytest.fixture
def shelf(server):
    return Shelf(server)


@pytest.fixture
def desk(qtbot, shelf, tmp_path):
    parent = QWidget()
    qtbot.addWidget(parent)
    session = make_session(Loses(shelf.weights))
    panels = Panels()
    for panel in panels.by_id.values():
        qtbot.addWidget(panel)
    made = ModelDesk(session, panels, shelf, parent)
    made.session, made.panels = session, panels
    session.settings.set("ask_before_download", False)
    made.show()
    with qtbot.waitSignal(session.image_changed):
        session.open_folder(write_images(tmp_path / "photos"))
    yield made
    made.weights.cancel()
    session.close()
    panels.close_workers()


def place():
    return model_store.models_folder() / "net.pt"


def test_a_download_puts_the_model_into_use(qtbot, desk, server):
    rows = []
    desk.weights.progressed.connect(rows.append)
    desk.download("keen")
    assert desk.weights.busy
    desk.download("keen")
    assert "Another download or check is under way" in desk.session.heard[-1][1]
    qtbot.waitUntil(lambda: not desk.weights.busy)
    assert place().read_bytes() == CONTENT
    assert rows[-1] is None
    assert any("of 1.0 MB" in row.text for row in rows[:-1])
    assert desk.rows["keen"].state == "ready"
    assert desk.session.chosen_model == "keen"
    assert desk.clicks == (("Keen", "keen"), ("Squares", "squares"))
    box = desk.panels.options.model_choice.box
    assert [box.itemText(at) for at in range(box.count())] == ["Keen", "Squares"]
    assert len(server.requests) == 1


def test_a_person_who_settled_on_a_model_keeps_it(qtbot, desk):
    desk.choose_prompted("squares")
    desk.download("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    assert desk.rows["keen"].state == "ready"
    assert desk.session.chosen_model == "squares"
    desk.use_prompted("")
    assert desk.session.chosen_model == "keen"


def test_a_cancelled_download_is_gone_on_with_later(qtbot, desk, server):
    server.acts = [Act(stall_after=300_000)]
    desk.download("keen")
    qtbot.waitUntil(
        lambda: model_store.state_of(desk._infos["keen"].weights) != "missing"
    )
    desk.panels.models.fetch_cancel_wished.emit()
    qtbot.waitUntil(lambda: not desk.weights.busy)
    assert desk.rows["keen"].state == "in part"
    assert not [text for level, text in desk.session.heard if level == "error"]
    desk.download("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    assert place().read_bytes() == CONTENT
    assert server.ranges[-1].startswith("bytes=")


def test_a_download_that_fails_says_so_once(qtbot, desk, server):
    server.acts = [Act(status=403, body=b"")]
    desk.download("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    [text] = [text for level, text in desk.session.heard if level == "error"]
    assert "refuses to give it (403)" in text


def test_a_damaged_file_is_found_and_told(qtbot, desk):
    place().parent.mkdir(parents=True)
    place().write_bytes(CONTENT[:-1] + b"x")
    desk.show()
    assert desk.rows["keen"].state == "ready"
    desk.panels.models.verify_wished.emit("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    assert "SHA-256 differs" in desk.session.heard[-1][1]
    assert desk.rows["keen"].state == "damaged"
    place().write_bytes(CONTENT)
    desk.panels.models.verify_wished.emit("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    assert desk.session.heard[-1][1].endswith("are what is stated for them.")
    assert desk.rows["keen"].state == "ready"


def test_removing_asks_and_lets_another_model_answer(qtbot, desk):
    desk.download("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    for button in (0, 1):
        desk.panels.models.remove_wished.emit("keen")
        [box] = desk.parent().findChildren(QMessageBox)
        assert "net.pt (1.0 MB) is deleted" in box.informativeText()
        there = place().exists()
        box.buttons()[button].click()
        qtbot.waitUntil(lambda: not desk.parent().findChildren(QDialog))
        assert there
    assert not place().exists()
    assert desk.session.chosen_model == "squares"
    warning = desk.session.heard[-1]
    assert warning[0] == "warning"
    assert "Squares answers clicks now" in warning[1]


def test_a_model_deleted_while_in_use_is_told_and_replaced(qtbot, desk):
    desk.download("keen")
    qtbot.waitUntil(lambda: not desk.weights.busy)
    place().unlink()
    desk.session.heard.clear()
    with qtbot.waitSignal(desk.session.candidates_changed):
        desk.session.ask(Prompt((Point(40, 40),)))
    qtbot.waitUntil(lambda: bool(desk.session.candidates))
    texts = [text for _, text in desk.session.heard]
    assert texts[0].startswith("The weights net.pt (1.0 MB) are not on this machine")
    assert "Squares answers clicks now" in texts[1]
    assert len(texts) == 2
    assert desk.session.chosen_model == "squares"


def test_the_pace_says_how_long_the_rest_takes():
    pace = Pace()
    assert pace.left_s(100) is None
    for at in range(20):
        pace.note(at * 1_000_000, float(at))
    assert pace.rate == 1_000_000
    assert pace.left_s(29_000_000) == 10
    row = fetching_row(19_000_000, 3_000_000_000, "Downloading net.pt", pace)
    assert (row.what, row.text) == ("", "19.0 MB of 3.0 GB · 1.0 MB/s")
    assert row.tip == "Downloading net.pt"
    assert row.total < 2**31
    row = fetching_row(19_000_000, 29_000_000, "Checking net.pt", pace)
    assert (row.what, row.text) == ("Checking", "19.0 of 29.0 MB · 1.0 MB/s")
    assert row.left_s == 10
    pace.note(0, 30.0)  # started anew
    assert pace.rate == 0
    assert fetching_row(5, 0, "x", Pace()).text == "5 bytes"


def test_a_run_for_clicks_is_chosen_and_told_by_its_folder(desk, shelf, tmp_path):
    run = tmp_path / "photos" / "runs" / "mine"
    title = "Click network (mine)"
    shelf.taught = (ModelInfo(str(run), title, "prompted", run="runs/mine"),)
    row = desk.use_run("mine")
    assert (row.title, row.predicts) == (title, False)
    assert desk.session.chosen_model == str(run)
    assert desk.full_image == ""
    assert desk.session.conversation.source("point").model == "runs/mine"
    desk.choose_prompted("squares")
    assert desk.session.chosen_model == "squares"
    assert str(run) in [model_id for _, model_id in desk.clicks]


def test_a_run_answers_clicks_while_its_folder_is_open(desk, shelf, tmp_path):
    run = tmp_path / "photos" / "runs" / "mine"
    taught = (ModelInfo(str(run), "Click network (mine)", "prompted", run="runs/mine"),)
    shelf.taught = taught
    desk.show()
    desk.choose_prompted(str(run))
    desk.session.heard.clear()
    shelf.taught = ()  # deleted, or another folder was opened
    desk.show()
    assert desk.session.chosen_model == "squares"
    says = "The model mine is not in this folder; Squares answers clicks now."
    assert desk.session.heard == [("warning", says)]
    shelf.taught = taught
    desk.show()
    assert desk.session.chosen_model == str(run)
    assert len(desk.session.heard) == 1
