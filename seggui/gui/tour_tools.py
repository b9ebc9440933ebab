"""The tools of marks and the classical ones, each at work on the cup of the sample."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt

from seggui.gui.tour_hands import LEFT, NO_KEYS, RIGHT, Hands

Line = tuple[tuple[float, float], ...]

_SHIFT = Qt.KeyboardModifier.ShiftModifier
_RIM: Line = ((205, 120), (250, 165), (300, 195))
_WALL: Line = ((200, 215), (250, 240), (310, 235))
_TABLE: Line = ((40, 90), (40, 300))
_SAUCER: Line = ((110, 190), (160, 320), (300, 360))
_AROUND: Line = (
    (140, 60), (190, 10), (270, -5), (360, 15), (420, 70), (415, 150), (370, 240),
    (280, 290), (200, 250), (150, 150),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stroke:
    """One drag, or a click where there is one place only."""

    points_xy: Line
    button: Qt.MouseButton = LEFT
    keys: Qt.KeyboardModifier = NO_KEYS


@dataclass(frozen=True, slots=True)
class Show:
    """A tool and what is done with it."""

    tool: str
    strokes: tuple[Stroke, ...]
    offers: bool = True
    """Whether a candidate comes of it."""


_OBJECT_AND_NOT = (Stroke(_RIM), Stroke(_SAUCER, RIGHT), Stroke(_TABLE, RIGHT))

SHOWS: tuple[Show, ...] = (
    Show("scribble", _OBJECT_AND_NOT),
    Show("lasso", (Stroke(_AROUND),)),
    Show(
        "rough", (Stroke(((200, 60), (350, 70), (220, 120), (350, 140), (270, 190))),)
    ),
    Show(
        "box",
        (
            Stroke(((165, 5), (395, 260))),
            Stroke(((345, 240), (425, 330)), keys=_SHIFT),
        ),
    ),
    Show("text", (), offers=False),
    Show("wand", (Stroke(((270, 175),)), Stroke(((240, 140),)))),
    Show("superpixels", (Stroke(_RIM), Stroke(((330, 150), (360, 110))))),
    Show("grabcut", (Stroke(((165, 5), (395, 260))), Stroke(_WALL))),
    Show("graphcut", _OBJECT_AND_NOT),
    Show("walker", _OBJECT_AND_NOT),
    Show("watershed", _OBJECT_AND_NOT),
    Show("growing", (Stroke(((230, 90),)),)),
    Show("meanshift", (Stroke(((270, 175),)),)),
    Show("threshold", (Stroke(((185, 120),)),)),
    Show("snake", (Stroke(_AROUND),)),
    Show("chanvese", (Stroke(_AROUND),)),
    Show("geodesic", (Stroke(_AROUND),)),
    Show(
        "livewire",
        tuple(
            Stroke((place,))
            for place in ((175, 110), (210, 45), (290, 18), (370, 50), (395, 110))
        ),
        offers=False,
    ),
)
QUICK_SHOWS = tuple(
    show for show in SHOWS if show.tool in ("scribble", "wand", "livewire")
)


def show_tool(hands: Hands, show: Show) -> None:
    """Use one tool, keep a picture, and leave the image as it was."""
    hands.window.trigger(f"tool_{show.tool}")
    hands.settle()
    for stroke in show.strokes:
        if len(stroke.points_xy) > 1:
            hands.drag(stroke.points_xy, stroke.button, stroke.keys)
        else:
            hands.click_at(*stroke.points_xy[0], stroke.button)
            # Two clicks in one place at once would be a double click.
            hands.settle(500)
        if show.offers:
            hands.wait_candidates()
    hands.picture(f"tool-{show.tool}")
    hands.window.canvas.setFocus()
    hands.window.trigger("drop")
    hands.expect(not hands.session.conversation.open, "Esc drops the marks")
