"""Colours that can be read, and icons that follow them."""

import re

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QToolButton

from seggui.errors import Unreadable
from seggui.files.resources import resource_path
from seggui.gui.icons import app_icon, icon, put_icon, renew_icons
from seggui.gui.panels.controls import colour_chip
from seggui.gui.theme import (
    DARK,
    LIGHT,
    PAIRS,
    contrast,
    style_of,
    theme,
)

ICONS = sorted(path.stem for path in resource_path("icons").glob("*.svg"))


@pytest.fixture(autouse=True)
def back_to_system(qapp):
    yield
    theme().set_wanted("system")


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda c: c.name)
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_text_can_be_read_on_what_it_is_written_on(colours, pair):
    text, ground = (getattr(colours, name) for name in pair)
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda c: c.name)
@pytest.mark.parametrize("ground", ["panel", "field"])
@pytest.mark.parametrize("mark", ["edge", "accent"])
def test_edges_and_focus_stand_out(colours, ground, mark):
    assert contrast(getattr(colours, mark), getattr(colours, ground)) >= 3


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda c: c.name)
def test_every_name_in_the_style_sheet_is_filled_in(colours):
    text = resource_path("style", "style.qss").read_text(encoding="utf-8")
    style = style_of(colours, text)
    assert "$" not in style
    pictures = re.findall(r'url\("([^"]+)"\)', style)
    assert pictures
    missing = [p for p in pictures if not resource_path(p).is_file()]
    assert not missing


def test_the_theme_can_be_chosen_and_tells_that_it_changed(qtbot):
    theme().set_wanted("light")
    with qtbot.waitSignal(theme().changed):
        theme().set_wanted("dark")
    assert theme().colours is DARK


def test_a_missing_resource_is_named():
    with pytest.raises(Unreadable, match=r"no/such\.svg"):
        resource_path("no", "such.svg")


@pytest.mark.parametrize("name", [name for name in ICONS if name != "seggui"])
def test_icons_are_lines_in_one_colour(name):
    text = resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")
    assert "currentColor" in text
    colours = set(re.findall(r'(?:stroke|fill)="([^"]+)"', text))
    assert colours <= {"currentColor", "none"}


def test_an_icon_has_the_pixels_of_its_size_and_twice_that(qapp):
    sizes = {size.width() for size in icon("save").availableSizes()}
    assert {16, 20, 24, 32, 40, 48} <= sizes
    assert app_icon().availableSizes()[-1] == QSize(256, 256)


def test_icons_change_their_colour_with_the_theme(qtbot):
    theme().set_wanted("light")
    button = QToolButton()
    qtbot.addWidget(button)
    put_icon(button, "save")

    def darkest():
        image = button.icon().pixmap(20, 20).toImage()
        points = ((x, y) for x in range(20) for y in range(20))
        drawn = [image.pixelColor(x, y) for x, y in points]
        return min(c.lightness() for c in drawn if c.alpha() > 200)

    light = darkest()
    theme().set_wanted("dark")
    renew_icons()
    assert light < 100 < darkest()


def test_a_chip_is_sharp_at_2x_and_keeps_its_colour_in_a_chosen_row(qapp):
    chip = colour_chip((0, 158, 142))
    assert {16, 32, 48} <= {size.width() for size in chip.availableSizes()}
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        middle = chip.pixmap(QSize(32, 32), mode).toImage().pixelColor(16, 16)
        assert middle.getRgb()[:3] == (0, 158, 142)
