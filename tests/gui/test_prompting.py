"""Marks of all kinds, taken back and said again, thresholds, settings of models."""

from dataclasses import replace

import numpy as np
import pytest
from session_fixtures import SIDE, make_session, square, write_images

from seggui.core import edits
from seggui.core.candidate import LEVEL, Candidate, Logits, Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.parameters import Parameter
from seggui.core.ports import ModelInfo
from seggui.core.prompt import Point, Prompt, Scribble
from seggui.core.segment import Segment, Source
from seggui.errors import BadRequest
from seggui.files.settings import Settings
from seggui.gui.model_settings import ModelSettings
from seggui.gui.rows import candidate_rows
from seggui.gui.tool_memory import remembered_options
from seggui.jobs.messages import (
    Answers,
    Ask,
    AskEach,
    Candidates,
    Encode,
    Encoded,
    Failed,
)

WHOLE = Box(0, 0, SIDE, SIDE)
NOWHERE = Box(70, 2, 80, 20)
"""Where a model finds nothing."""
SQUARES = ModelInfo(
    "squares",
    "Squares",
    "prompted",
    reads=frozenset(("points", "box", "scribbles")),
    parameters=(
        Parameter("side", "Side", 20, low=5, high=60, unit="px"),
        Parameter("even", "Even", False),
    ),
)
WORDS = ModelInfo("words", "Words", "prompted", reads=frozenset(("text", "exemplars")))
WAND = ModelInfo("wand", "Wand", "prompted", classical=True)
PIECES = ModelInfo(
    "superpixels",
    "Superpixels",
    "prompted",
    parameters=(Parameter("size", "Size", 20, low=5, high=60),),
    classical=True,
)


def offered(request, prompt):
    """Squares at the marks, with probabilities that fall from left to right."""
    if prompt.text:
        return tuple(Candidate(square(x, 5, 8), 0.8) for x in (5, 25, 45))
    side = dict(prompt.settings).get("side", 20)
    base = prompt.previous or Mask.empty(SIDE, SIDE)
    places = [(p.x, p.y) for p in prompt.points]
    places += [line.points_xy[0] for line in prompt.scribbles]
    if prompt.box is not None:
        places.append((prompt.box.x0, prompt.box.y0))
    for x, y in places:
        base = base.union(square(int(x), int(y), side))
    slope_hw = np.tile(np.linspace(255, 0, SIDE).astype(np.uint8), (SIDE, 1))
    grid_hw = np.zeros((4, 4), np.float16)
    return tuple(
        Candidate(
            base,
            score,
            kind,
            probability=Probability(WHOLE, slope_hw),
            logits=Logits(WHOLE, grid_hw, request.model_id),
            stability=0.97,
        )
        for kind, score in (("whole", 0.9), ("part", 0.5))
    )


def content(request):
    """The mask handed over, where no mark asks for another, as some models do."""
    prompt = request.prompt
    if prompt.previous is not None and prompt.agrees_with(prompt.previous):
        return (Candidate(prompt.previous, 0.3),)
    whole, part = offered(request, prompt)
    return whole, replace(part, mask=square(10, 10, 8))


class MarksHost:
    """Answers every kind of mark; ``took_s`` is what it says it took."""

    def __init__(self):
        self.asked, self.looked = [], []
        self.took_s = 0.02
        self.content = False

    def handle(self, request, report):
        if isinstance(request, Encode):
            self.looked.append(request)
            borders = square(5, 5) if request.model_id == "superpixels" else None
            return Encoded(request.ticket, 0.0, borders=borders)
        self.asked.append(request)
        if isinstance(request, AskEach):
            answers = tuple(
                () if prompt.box == NOWHERE else offered(request, prompt)
                for prompt in request.prompts
            )
            return Answers(request.ticket, answers, self.took_s)
        assert isinstance(request, Ask)
        found = content(request) if self.content else offered(request, request.prompt)
        return Candidates(request.ticket, found, self.took_s)

    def forget(self, key):
        """Nothing is kept."""


@pytest.fixture
def host():
    return MarksHost()


@pytest.fixture
def session(qtbot, tmp_path, host):
    session = make_session(host)
    session.know_models((SQUARES, WORDS, WAND, PIECES))
    session.open_folder(write_images(tmp_path / "images"))
    qtbot.waitUntil(lambda: session.image is not None)
    yield session
    session.saving.save_now()
    session.close()


def answered(qtbot, session, say):
    say()
    qtbot.waitUntil(lambda: not session.conversation.waiting)


def click(qtbot, session, x, y, positive=True):
    marks = (*session.prompt.points, Point(x, y, positive))
    answered(qtbot, session, lambda: session.ask(Prompt(marks)))


# -- taking back


def test_each_mark_is_a_step_and_what_was_shown_before_comes_back(qtbot, session, host):
    click(qtbot, session, 10, 10)
    first = session.candidate.mask
    click(qtbot, session, 50, 50)
    asked = len(host.asked)
    session.undo()
    assert session.prompt.points == (Point(10, 10),)
    assert session.candidate.mask is first
    session.redo()
    assert len(session.prompt.points) == 2
    assert session.candidate.mask.area > first.area
    assert len(host.asked) == asked
    session.undo()
    session.undo()
    assert not session.conversation.open
    assert session.candidates == ()


def test_a_new_mark_forgets_what_was_taken_back(qtbot, session):
    click(qtbot, session, 10, 10)
    click(qtbot, session, 50, 50)
    session.take_back()
    click(qtbot, session, 30, 60)
    assert not session.conversation.can_say_again
    session.take_back()
    assert session.prompt.points == (Point(10, 10),)


def test_a_mark_taken_back_before_its_answer_is_not_answered(qtbot, session):
    click(qtbot, session, 10, 10)
    shown = session.candidate
    session.ask(Prompt((Point(10, 10), Point(50, 50))))
    session.take_back()
    qtbot.wait(50)
    assert session.candidate is shown
    assert not session.conversation.waiting


def test_redo_of_the_document_waits_for_the_end_of_the_marks(qtbot, session):
    click(qtbot, session, 10, 10)
    session.accept()
    session.undo()
    assert session.document.segments == ()
    click(qtbot, session, 50, 50)
    session.redo()
    assert session.document.segments == ()
    session.drop()
    session.redo()
    assert len(session.document.segments) == 1


# -- what goes along with marks


def test_a_further_mark_hands_back_what_the_model_knew(qtbot, session, host):
    click(qtbot, session, 10, 10)
    click(qtbot, session, 50, 50)
    prompt = host.asked[-1].prompt
    assert prompt.logits is not None
    assert prompt.previous.same_pixels(square(10, 10))


def test_a_line_more_goes_on_from_what_is_shown(qtbot, session, host):
    click(qtbot, session, 10, 10)
    line = Scribble(((50.0, 50.0),))
    marks = Prompt(session.prompt.points, scribbles=(line,))
    answered(qtbot, session, lambda: session.ask(marks))
    assert host.asked[-1].prompt.previous.same_pixels(square(10, 10))
    assert session.conversation.marks == 2


def test_at_another_threshold_the_mask_counts_and_not_what_the_model_knew(
    qtbot, session, host
):
    click(qtbot, session, 10, 10)
    session.set_level(0.8)
    shown = session.candidate.mask
    click(qtbot, session, 50, 50)
    assert host.asked[-1].prompt.logits is None
    assert host.asked[-1].prompt.previous is shown


def test_no_model_gets_what_another_one_knew(qtbot, session, host):
    click(qtbot, session, 10, 10)
    session.set_tool("wand")
    click(qtbot, session, 50, 50)
    assert host.asked[-1].model_id == "wand"
    assert host.asked[-1].prompt.logits is None


def test_two_clicks_on_one_pixel_leave_the_later_and_a_note(qtbot, session, host):
    click(qtbot, session, 10.2, 10.2)
    click(qtbot, session, 10.8, 10.1, positive=False)
    assert [p.positive for p in host.asked[-1].prompt.points] == [False]
    assert any("one pixel" in text for _, text in session.heard)


def test_marks_that_make_no_sense_leave_the_others_alone(qtbot, session):
    click(qtbot, session, 10, 10)
    session.ask(Prompt((Point(10, 10), Point(SIDE + 5, 3))))
    assert session.prompt.points == (Point(10, 10),)
    assert "outside" in session.heard[-1][1]


def test_a_mark_that_asks_for_nothing_new_leaves_what_is_offered(qtbot, session, host):
    host.content = True
    click(qtbot, session, 10, 10)
    first = session.candidates
    click(qtbot, session, 12, 12)
    assert session.candidates == first
    click(qtbot, session, 70, 70, positive=False)
    assert session.candidates == first
    # A part that lacks a mark is no answer to it.
    click(qtbot, session, 25, 25)
    assert session.candidates == first[:1]


def test_a_mark_that_asks_for_nothing_new_leaves_the_threshold(qtbot, session, host):
    host.content = True
    click(qtbot, session, 10, 10)
    session.set_level(0.8)
    shown = session.candidate.mask
    click(qtbot, session, 30, 30, positive=False)
    assert session.candidate.mask.same_pixels(shown)
    session.set_level(LEVEL)
    assert session.candidate.mask.area != shown.area


def test_a_segment_that_the_first_mark_agrees_with_has_the_score_of_the_model(
    qtbot, session, host
):
    host.content = True
    drawn = Segment(square(10, 10), 1, Source("brush"))
    session.commit("Put", edits.add_segments(session.document, [drawn]), [drawn.id])
    click(qtbot, session, 12, 12)
    assert [c.score for c in session.candidates] == [0.3]


# -- several objects


def test_several_boxes_become_a_segment_each_in_one_step(qtbot, session, host):
    boxes = [Box(2, 2, 20, 20), Box(30, 2, 50, 20), Box(60, 60, 80, 80)]
    prompts = [Prompt(box=box) for box in boxes]
    answered(qtbot, session, lambda: session.ask(prompts[0]))
    for more in prompts[1:]:
        all_of_them = (*session.prompts, more)
        answered(qtbot, session, lambda prompts=all_of_them: session.ask_each(prompts))
    # What is known of the boxes before is not asked again.
    assert [len(request.prompts) for request in host.asked[1:]] == [1, 1]
    assert len(session.conversation.shown) == 3
    session.accept()
    assert [s.mask.bbox.x0 for s in session.document.segments] == [2, 30, 60]
    assert len(session.selected) == 3
    boxes_kept = [s.source.prompts[0]["box"] for s in session.document.segments]
    assert boxes_kept == [[2, 2, 20, 20], [30, 2, 50, 20], [60, 60, 80, 80]]
    session.undo()
    assert session.document.segments == ()


def test_of_several_boxes_one_may_find_nothing(qtbot, session, host):
    boxes = [Box(2, 2, 20, 20), NOWHERE, Box(30, 2, 50, 20), Box(60, 60, 80, 80)]
    prompts = [Prompt(box=box) for box in boxes]
    answered(qtbot, session, lambda: session.ask_each(prompts[:3]))
    assert len(candidate_rows(session)) == 2
    answered(qtbot, session, lambda: session.ask_each(prompts))
    assert [prompt.box for prompt in host.asked[-1].prompts] == boxes[3:]
    session.accept()
    made = session.document.segments
    assert [s.mask.bbox.x0 for s in made] == [2, 30, 60]
    assert [s.source.prompts[0]["box"][0] for s in made] == [2, 30, 60]


def test_the_last_of_several_boxes_is_taken_back_alone(qtbot, session):
    prompts = [Prompt(box=Box(x, 2, x + 9, 20)) for x in (2, 30, 60)]
    answered(qtbot, session, lambda: session.ask(prompts[0]))
    for more in prompts[1:]:
        all_of_them = (*session.prompts, more)
        answered(qtbot, session, lambda prompts=all_of_them: session.ask_each(prompts))
    session.take_back()
    assert len(session.prompts) == 2
    assert len(session.conversation.shown) == 2
    session.take_back()
    assert session.prompt.box == Box(2, 2, 11, 20)
    assert not session.conversation.each


def test_all_that_words_find_is_accepted_at_once(qtbot, session):
    session.choose_model("words")
    answered(qtbot, session, lambda: session.ask_for("leaf"))
    assert session.conversation.each
    session.accept()
    assert len(session.document.segments) == 3
    assert session.document.segments[0].source.prompts == ({"text": "leaf"},)


def test_protected_neighbours_keep_their_pixels_from_all_of_them(qtbot, session):
    session.set_options(replace(session.options, protect_others=True))
    taken = Segment(square(0, 0, 12), 1, Source("brush"))
    session.commit("Put", edits.add_segments(session.document, [taken]), [])
    session.choose_model("words")
    answered(qtbot, session, lambda: session.ask_for("leaf"))
    session.accept()
    first = session.document.segments[1]
    assert first.mask.intersection(taken.mask).is_empty


# -- thresholds


def test_a_threshold_shows_and_accepts_what_is_more_likely(qtbot, session):
    click(qtbot, session, 10, 10)
    session.set_level(0.8)
    assert session.candidate.mask.bbox.width == pytest.approx(0.2 * SIDE, abs=2)
    wide = session.candidate.mask.area
    session.step_level(-0.2)
    assert session.candidate.mask.area > wide
    assert session.conversation.shown[0] is session.candidate
    session.accept()
    assert session.document.segments[0].mask.area > wide


def test_the_threshold_stays_while_correcting_and_ends_with_the_object(qtbot, session):
    click(qtbot, session, 10, 10)
    session.set_level(0.8)
    click(qtbot, session, 50, 50)
    assert session.conversation.level == 0.8
    session.drop()
    assert session.conversation.level == LEVEL


# -- models and tools


def test_a_tool_brings_its_own_model_and_gives_it_back(qtbot, session, host):
    session.set_tool("wand")
    assert session.model is WAND
    click(qtbot, session, 10, 10)
    assert host.asked[-1].model_id == "wand"
    session.accept()
    assert session.document.segments[0].source.model == "wand"
    session.set_tool("point")
    assert session.model is SQUARES


def test_a_model_chosen_meanwhile_is_for_the_tools_without_one(session):
    session.set_tool("wand")
    session.choose_model("words")
    assert session.model is WAND
    session.set_tool("point")
    assert session.model is WORDS


@pytest.mark.parametrize("tool", ["wand", "scribble"])
def test_lines_and_classical_tools_correct_the_selected_segment(qtbot, session, tool):
    some = Segment(square(60, 60), 1, Source("brush"))
    session.commit("Put", edits.add_segments(session.document, [some]), [some.id])
    session.set_tool(tool)
    line = Prompt(scribbles=(Scribble(((10.0, 10.0),)),))
    answered(qtbot, session, lambda: session.ask(line))
    assert session.conversation.target == some.id
    session.accept()
    [corrected] = session.document.segments
    assert corrected.mask.contains(65, 65)
    assert corrected.mask.contains(15, 15)


def test_what_a_model_cannot_read_is_said_with_those_who_can(session):
    why_not = session.why_not("text")
    assert "Squares does not look for words" in why_not
    assert "Words" in why_not
    session.choose_model("words")
    assert session.why_not("text") == ""


# -- settings of models


def test_a_setting_asks_the_same_again_without_a_step_more(qtbot, session, host):
    click(qtbot, session, 10, 10)
    session.set_parameter("side", 40)
    qtbot.waitUntil(lambda: session.candidate.mask.area == 1600)
    assert host.asked[-1].prompt.settings == (("side", 40),)
    session.reset_parameters()
    qtbot.waitUntil(lambda: session.candidate.mask.area == 400)
    session.take_back()
    assert not session.conversation.open


def test_many_quick_changes_are_asked_once(qtbot, session, host):
    click(qtbot, session, 10, 10)
    before = len(host.asked)
    for side in range(21, 41):
        session.set_parameter("side", side)
    qtbot.waitUntil(lambda: session.candidate.mask.area == 1600)
    assert len(host.asked) == before + 1


def test_settings_come_back_at_the_next_start(session):
    session.set_parameter("side", 33)
    session.settings.save()
    later = ModelSettings(Settings.load())
    assert later.values(SQUARES) == {"side": 33, "even": False}
    assert later.of(WORDS) == ()


def test_kept_settings_that_make_no_sense_any_more_are_passed_over(session):
    odd = ('{"squares": {"side": 1%s, "even": true}}' % ("0" * 400), "[" * 100_000)
    for text in (
        *odd,
        "[]",
        "{",
        '{"squares": {"side": 999, "gone": 1, "even": true}}',
    ):
        session.settings.set_blob("model_settings", text)
        kept = ModelSettings(session.settings)
        assert kept.values(SQUARES)["side"] == 20
    assert kept.of(SQUARES) == (("even", True),)


def test_a_value_out_of_range_is_refused(session):
    with pytest.raises(BadRequest, match="from 5 to 60"):
        session.model_settings.set(SQUARES, "side", 61)


# -- preview under the cursor


def hovers(qtbot, session):
    session.hover((40, 40))
    qtbot.wait(220)
    found = bool(session.conversation.hovering.candidates)
    session.hover(None)
    return found


@pytest.mark.parametrize(("took_s", "quick"), [(0.02, True), (0.4, False)])
def test_by_itself_only_a_quick_model_previews(qtbot, session, host, took_s, quick):
    host.took_s = took_s
    assert not hovers(qtbot, session)
    click(qtbot, session, 10, 10)
    session.drop()
    assert hovers(qtbot, session) is quick
    assert host.asked[-1].prompt.preview == ("best" if quick else "")
    session.settings.set("preview", "off")
    assert not hovers(qtbot, session)


def test_one_slow_answer_does_not_end_the_preview(qtbot, session, host):
    for took_s in (0.9, 0.02, 0.02):
        host.took_s = took_s
        click(qtbot, session, 10, 10)
        session.drop()
    assert session.conversation.hovering.is_quick("squares")


def test_only_tools_of_clicks_preview(qtbot, session):
    click(qtbot, session, 10, 10)
    session.drop()
    session.set_tool("lasso")
    assert not hovers(qtbot, session)


# -- regions that a tool takes


def test_the_regions_of_superpixels_are_shown_while_the_tool_is_in_hand(
    qtbot, session, host
):
    session.set_tool("superpixels")
    qtbot.waitUntil(lambda: session.borders is not None)
    session.set_parameter("size", 40)
    qtbot.waitUntil(lambda: host.looked[-1].settings == (("size", 40),))
    session.set_tool("wand")
    assert session.borders is None


def test_borders_that_come_late_are_not_shown_to_another_tool(qtbot, session):
    session.set_tool("superpixels")
    session.set_tool("point")
    qtbot.wait(60)
    assert session.borders is None


# -- preview while drawing


def drawn(*places):
    return Prompt(scribbles=(Scribble(tuple((float(x), 10.0) for x in places)),))


def lit(qtbot, session, line):
    """Draw that far, and see what lights up."""
    before = session.conversation.shown
    session.follow(line)
    qtbot.waitUntil(lambda: session.conversation.shown not in ((), before))
    return session.conversation.shown[0].mask


def test_regions_light_up_while_a_line_is_drawn_over_them(qtbot, session, host):
    session.set_tool("superpixels")
    assert lit(qtbot, session, drawn(10)).contains(15, 15)
    assert lit(qtbot, session, drawn(50, 10)).contains(55, 15)
    asked = [r.prompt.preview for r in host.asked if isinstance(r, Ask)]
    assert set(asked) == {"best"}, "a preview needs no more than what it shows"
    session.accept()
    assert session.document.segments == ()
    # The cursor is over the image while it draws.
    session.hover((20, 20))
    assert session.conversation.shown
    session.ask(drawn(50, 10))
    session.follow(None)
    assert session.conversation.shown, "it stays until the answer is there"
    qtbot.waitUntil(lambda: not session.conversation.waiting)
    assert session.conversation.shown == session.conversation.offered
    session.accept()
    assert len(session.document.segments) == 1


def test_a_line_given_up_leaves_what_was_offered_before(qtbot, session):
    session.set_tool("superpixels")
    answered(qtbot, session, lambda: session.ask(drawn(10)))
    before = session.conversation.shown
    session.follow(
        replace(drawn(10), scribbles=(*drawn(10).scribbles, *drawn(50).scribbles))
    )
    qtbot.waitUntil(lambda: session.conversation.shown != before)
    session.follow(None)
    assert session.conversation.shown == before


def test_a_quick_line_asks_about_its_newest_state_only(qtbot, session, host):
    session.set_tool("superpixels")
    for x in range(1, 41):
        session.follow(drawn(x))
    qtbot.waitUntil(lambda: bool(session.conversation.hovering.candidates))
    qtbot.waitUntil(lambda: host.asked[-1].prompt.scribbles == drawn(40).scribbles)
    assert len(host.asked) == 2


def test_a_preview_that_failed_does_not_bring_an_older_state_of_the_line_back(
    qtbot, session, host
):
    session.set_tool("superpixels")
    hovering = session.conversation.hovering
    session.follow(drawn(10))
    session.follow(drawn(20))
    hovering._fail(Failed(hovering._ticket, "The engine has ended.", reason="lost"))
    session.follow(drawn(40))
    qtbot.waitUntil(lambda: bool(hovering.candidates))
    qtbot.wait(100)
    assert host.asked[-1].prompt.scribbles == drawn(40).scribbles


def test_tools_that_take_no_known_regions_wait_for_the_release(session, host):
    session.set_tool("scribble")
    session.follow(drawn(10))
    assert host.asked == []
    assert session.conversation.shown == ()


def test_options_of_tools_come_back_at_the_next_start(session):
    wished = replace(session.options, follow_edges=True, scribble_px=9, brush_px=31)
    session.set_options(replace(wished, point_positive=False))
    session.settings.save()
    assert remembered_options(Settings.load()) == wished


@pytest.mark.parametrize(
    "text", ["[]", "{", "[" * 100_000, '{"scribble_px": 0}', '{"fill_gaps": 1}']
)
def test_kept_options_that_make_no_sense_are_passed_over(session, text):
    session.settings.set_blob("tool_options", text)
    assert remembered_options(session.settings) == session.options
