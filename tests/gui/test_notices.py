"""What is said is shown once, counted when repeated, and goes when closed."""

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from seggui.errors import SegguiError
from seggui.gui.notices import Notice, NoticeBar, Notices


@pytest.fixture
def notices(qapp):
    return Notices()


@pytest.fixture
def holder(qtbot):
    holder = QWidget()
    qtbot.addWidget(holder)
    return holder


def test_what_is_said_before_there_is_a_bar_waits_for_it(holder, notices):
    notices.say("Opened the folder.")
    bar = NoticeBar(notices, holder)
    assert not bar.isHidden()


def test_the_same_sentence_is_counted(notices):
    for _ in range(100):
        notices.error(SegguiError("Disk full."))
    [notice] = notices.open
    assert (notice.text, notice.level, notice.times) == ("Disk full.", "error", 100)


def test_the_newest_is_first_and_an_error_outlives_news(notices):
    notices.say("bad", "error")
    for number in range(5):
        notices.say(f"news {number}")
    texts = [notice.text for notice in notices.open]
    assert texts == ["news 4", "news 3", "bad"]


def test_neither_an_error_nor_a_question_is_pushed_out_by_warnings(notices):
    notices.say("bad", "error")
    notices.put(Notice("Came back.", action="Discard", do=lambda: None))
    for number in range(5):
        notices.say(f"careful {number}", "warning")
    texts = [notice.text for notice in notices.open]
    assert texts == ["careful 4", "Came back.", "bad"]


def test_more_errors_than_there_is_room_for_wait_behind_the_newest(holder, notices):
    bar = NoticeBar(notices, holder)
    for number in range(5):
        notices.say(f"bad {number}", "error")
    notices.say("news")
    assert [notice.text for notice in notices.open][-1] == "bad 0"
    texts = [notice.text for notice in notices.shown]
    assert texts == ["news", "bad 4", "bad 3", "bad 2"]
    words = {label.text() for label in bar.findChildren(QLabel)}
    assert "2 older messages wait behind these." in words
    notices.close(notices.open[1])
    assert [notice.text for notice in notices.shown][-1] == "bad 1"


def test_all_messages_can_be_closed_at_once(holder, notices):
    bar = NoticeBar(notices, holder)
    for number in range(5):
        notices.say(f"bad {number}", "error")
    [button] = [b for b in bar.findChildren(QPushButton) if b.text() == "Close all"]
    button.click()
    assert notices.open == ()
    assert bar.isHidden()


def test_a_warning_that_goes_leaves_the_error_of_the_same_words(
    holder, notices, monkeypatch
):
    monkeypatch.setattr("seggui.gui.notices._SHOWN_MS", {"warning": 0})
    monkeypatch.setattr("seggui.gui.notices._LETTER_MS", 1)
    bar = NoticeBar(notices, holder)
    notices.say("Disk full.", "error")
    notices.say("Disk full.", "warning")
    loop = QEventLoop()
    notices.changed.connect(loop.quit)
    QTimer.singleShot(10_000, loop.quit)
    loop.exec()
    assert [notice.level for notice in notices.open] == ["error"]
    assert not bar.isHidden()


def test_news_and_warnings_go_when_they_can_have_been_read(
    holder, notices, monkeypatch
):
    monkeypatch.setattr("seggui.gui.notices._SHOWN_MS", {"info": 0, "warning": 0})
    monkeypatch.setattr("seggui.gui.notices._LETTER_MS", 1)
    bar = NoticeBar(notices, holder)
    notices.say("bad", "error")
    notices.say("careful", "warning")
    notices.say("news")
    loop = QEventLoop()
    notices.changed.connect(lambda: len(notices.open) == 1 and loop.quit())
    QTimer.singleShot(10_000, loop.quit)
    loop.exec()
    assert [notice.text for notice in notices.open] == ["bad"]
    assert not bar.isHidden()


def test_a_long_sentence_is_shown_longer_and_a_question_until_it_is_answered():
    short, long = Notice("Read only.", "warning"), Notice("word " * 100, "warning")
    assert 10_000 <= short.shown_ms < long.shown_ms
    assert Notice("Came back.", "warning", action="Discard").shown_ms is None
    assert Notice("Disk full.", "error").shown_ms is None


def test_closing_the_last_hides_the_bar(holder, notices):
    bar = NoticeBar(notices, holder)
    notices.say("x", "warning")
    assert not bar.isHidden()
    notices.close_notice("x")
    assert bar.isHidden()


def test_a_notice_can_offer_something_to_do(holder, notices):
    bar = NoticeBar(notices, holder)
    done = []
    notices.put(Notice("Came back.", action="Discard", do=lambda: done.append(1)))
    [button] = [b for b in bar.findChildren(QPushButton) if b.text() == "Discard"]
    button.click()
    assert done == [1]
    assert notices.open == ()
