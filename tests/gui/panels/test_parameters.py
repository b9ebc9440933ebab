"""Controls made from rows of parameters, and the threshold of candidates."""

from itertools import pairwise

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox

from seggui.core.candidate import LEVEL
from seggui.core.parameters import Parameter, values_of
from seggui.gui.panels.candidates import CandidateRow, CandidatesPanel
from seggui.gui.panels.parameters import ParameterRows, _Number
from seggui.gui.panels.tool_options import ToolOptionsPanel
from seggui.models import catalog

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

ROWS = (
    Parameter("size", "Size", 20, 5, 200, unit="px", hint="Side of one."),
    Parameter("round", "Round", 1.5, 0.1, 10.0, 0.1),
    Parameter("fine", "Fine", 0.5, 0.0, 1.0, 0.0001),
    Parameter("join", "Join", True),
    Parameter("way", "Way", "a", choices=(("a", "First"), ("b", "Second"))),
)
DEFAULTS = values_of(ROWS, ())


@pytest.fixture
def rows(qtbot):
    rows = ParameterRows()
    qtbot.addWidget(rows)
    rows.resize(300, 400)
    rows.show_parameters("Method", ROWS, DEFAULTS)
    rows.show()
    return rows


def heard_of(signal):
    heard = []
    signal.connect(lambda *what: heard.append(what))
    return heard


def test_showing_values_wishes_for_nothing(rows):
    heard = heard_of(rows.wished)
    other = {"size": 60, "round": 3.2, "fine": 0.25, "join": False, "way": "b"}
    rows.show_parameters("Method", ROWS, other)
    assert heard == []
    assert rows.controls["size"].number.value() == 60
    assert rows.controls["size"].slider.value() == 55
    assert rows.controls["round"].number.value() == pytest.approx(3.2)
    assert not rows.controls["join"].tick.isChecked()
    assert rows.controls["way"].box.currentData() == "b"


def test_each_control_wishes_in_the_type_of_its_parameter(rows):
    heard = heard_of(rows.wished)
    rows.controls["size"].slider.setValue(10)
    rows.controls["round"].number.setValue(2.5)
    rows.controls["join"].findChild(QCheckBox).click()
    rows.controls["way"].findChild(QComboBox).setCurrentIndex(1)
    assert heard == [("size", 15), ("round", 2.5), ("join", False), ("way", "b")]
    for name, value in heard:
        [parameter] = [row for row in ROWS if row.name == name]
        assert type(parameter.checked(value)) is type(parameter.default)


def test_slider_and_number_agree(rows):
    control = rows.controls["round"]
    control.number.setValue(5.0)
    assert control.slider.value() == 49
    control.slider.setValue(99)
    assert control.number.value() == pytest.approx(10.0)


def test_a_range_too_fine_for_a_slider_has_the_number_alone(rows):
    assert rows.controls["fine"].slider.isHidden()
    assert not rows.controls["size"].slider.isHidden()


def test_defaults_are_offered_only_when_something_differs(rows):
    heard = heard_of(rows.defaults_wished)
    assert not rows.defaults.isEnabled()
    rows.show_parameters("Method", ROWS, {**DEFAULTS, "size": 21})
    rows.defaults.click()
    assert heard == [()]


def test_other_rows_take_the_place_of_the_ones_before(rows):
    rows.show_parameters("Other", ROWS[:1], values_of(ROWS[:1], ()))
    assert list(rows.controls) == ["size"]
    rows.show_parameters("", (), {})
    assert rows.isHidden()


def test_no_slider_is_a_window_before_it_has_its_place(qtbot):
    made = _Number(ROWS[0])
    qtbot.addWidget(made)
    assert not made.slider.isVisible()


def test_names_are_as_wide_as_each_other(rows):
    widths = {
        control.name.width() for control in rows.controls.values() if control.name
    }
    assert len(widths) == 1


@pytest.mark.parametrize("info", catalog.prompted(), ids=lambda info: info.id)
def test_every_model_of_the_catalogue_can_be_set(qtbot, info):
    rows = ParameterRows()
    qtbot.addWidget(rows)
    values = values_of(info.parameters, ())
    rows.show_parameters(info.title, info.parameters, values)
    heard = heard_of(rows.wished)
    for parameter in info.parameters:
        control = rows.controls[parameter.name]
        if hasattr(control, "number"):
            assert control.number.value() == pytest.approx(parameter.default)
            control.number.setValue(parameter.high)
            assert parameter.checked(heard[-1][1]) == pytest.approx(parameter.high)


# -- words


def test_words_are_sent_by_enter_and_by_the_button(qtbot):
    panel = ToolOptionsPanel()
    qtbot.addWidget(panel)
    heard = heard_of(panel.text_wished)
    panel.text.setText(" a leaf ")
    panel.text.returnPressed.emit()
    panel.search.click()
    assert heard == [("a leaf",), ("a leaf",)]


def test_a_model_without_words_is_named_and_the_field_is_off(qtbot):
    panel = ToolOptionsPanel()
    qtbot.addWidget(panel)
    panel.show_why_not("Classic does not look for words.")
    assert not panel.text.isEnabled()
    assert not panel.search.isEnabled()
    assert "Classic" in panel.why_not.text()
    panel.show_why_not("")
    assert panel.text.isEnabled()
    assert panel.why_not.isHidden()


# -- the threshold


@pytest.fixture
def candidates(qtbot):
    panel = CandidatesPanel()
    qtbot.addWidget(panel)
    panel.resize(900, 70)
    panel.show()
    panel.show_candidates([CandidateRow("whole", 0.9)], 0, marks=1, waiting=False)
    return panel


def test_the_threshold_is_there_only_with_probabilities(candidates):
    candidates.show_level(None)
    assert candidates.level.isHidden()
    candidates.show_level(0.7)
    assert candidates.level.slider.value() == 70
    assert candidates.level.number.text() == "70%"


def test_the_threshold_is_wished_for_and_set_back(candidates):
    heard = heard_of(candidates.level_wished)
    candidates.show_level(LEVEL)
    assert heard == []
    assert not candidates.level.reset.isEnabled()
    candidates.level.slider.setValue(80)
    candidates.show_level(0.8)
    candidates.level.reset.click()
    assert heard == [(0.8,), (LEVEL,)]


def test_several_objects_are_counted_and_accepted_together(candidates):
    rows = [CandidateRow("whole", 0.9)] * 4
    candidates.show_candidates(rows, 0, marks=1, waiting=False, each=True)
    assert candidates._text.text() == "4 objects"
    assert candidates._accept.text() == "Accept 4"
    assert candidates._group.buttons() == []


def test_a_method_without_an_opinion_shows_no_score(candidates):
    candidates.show_candidates([CandidateRow("whole", None)], 0, marks=1, waiting=False)
    [choice] = candidates._group.buttons()
    assert choice.text() == "Whole"
    assert "score" not in choice.toolTip()


def test_stability_is_told_in_the_tip(candidates):
    row = CandidateRow("whole", 0.9, stability=0.97)
    candidates.show_candidates([row], 0, marks=1, waiting=False)
    assert "97%" in candidates._group.buttons()[0].toolTip()


@pytest.mark.parametrize(
    ("width", "shown", "named"),
    [(900, True, True), (540, True, False), (387, True, False), (310, False, False)],
)
def test_in_a_narrow_strip_the_threshold_gives_way(
    qtbot, candidates, width, shown, named
):
    rows = [CandidateRow(kind, 0.9) for kind in ("whole", "part", "sub-part")]
    candidates.show_candidates(rows, 0, marks=1, waiting=False)
    candidates.show_level(0.5)
    candidates.setMinimumWidth(1)
    candidates.resize(width, 70)
    qtbot.wait(20)
    assert candidates.level.isHidden() != shown
    assert (shown and candidates.level.name.isVisible()) == named
    parts = [*candidates._group.buttons(), candidates._drop, candidates._accept]
    if shown:
        parts.append(candidates.level)
    spans = sorted((part.x(), part.x() + part.width()) for part in parts)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_a_candidate_that_is_not_all_of_it_says_so(candidates):
    row = CandidateRow("whole", 0.9, note="Click on it where it goes on.")
    candidates.show_candidates([row], 0, marks=1, waiting=False)
    choice = candidates._group.button(0)
    assert choice.text() == "In part\n90%"
    assert choice.toolTip().endswith("Click on it where it goes on.")


def test_an_empty_candidate_says_so_and_cannot_be_accepted(candidates):
    rows = [CandidateRow("whole", None, empty=True), CandidateRow("part", None)]
    candidates.show_candidates(rows, 0, marks=1, waiting=False)
    assert candidates._group.button(0).text() == "Nothing found"
    assert not candidates._accept.isEnabled()
    candidates.show_candidates(rows, 1, marks=1, waiting=False)
    assert candidates._accept.isEnabled()
