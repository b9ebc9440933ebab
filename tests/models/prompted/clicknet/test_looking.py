import numpy as np

from seggui.core.mask import Mask
from seggui.core.prompt import Point
from seggui.models.prompted.clicknet.channels import NAMES, Asked
from seggui.models.prompted.clicknet.looking import Sight, focused

CLICK = NAMES.index("newest click")


def photograph():
    image = np.random.default_rng(0).integers(90, 110, (240, 320, 3), dtype=np.uint8)
    image[80:160, 100:200] = (200, 60, 60)
    return image


def looked(qualities, edge=False):
    """Where a first click ends up, and how often the network was asked."""
    asked: list[float] = []

    def answer(planes):
        asked.append(qualities[len(asked)])
        likely = np.zeros(planes.shape[1:], np.float32)
        likely[planes[CLICK] > 0] = 1.0
        if edge and len(asked) == 1:
            likely[:] = 1.0
        return likely, asked[-1]

    sight = Sight(photograph())
    nothing = Mask.empty(240, 320)
    seen = focused(sight, Asked(nothing, (Point(150.5, 120.5, True),)), answer)
    return seen, len(asked)


def test_a_first_click_that_is_understood_takes_one_look():
    seen, looks = looked([0.8])
    assert looks == 1
    assert seen.quality == 0.8


def test_one_that_is_not_is_looked_at_closer_and_from_further_off():
    first, _ = looked([0.8])
    closer, looks = looked([0.3, 0.7, 0.5])
    assert looks == 3
    assert closer.box.width < first.box.width
    wider, _ = looked([0.3, 0.5, 0.7])
    assert wider.box.width > first.box.width
    same, _ = looked([0.55, 0.5, 0.5])
    assert same.box == first.box


def test_what_goes_on_beyond_its_window_is_not_trusted():
    seen, looks = looked([0.95, 0.7, 0.6], edge=True)
    assert looks == 3
    assert seen.quality == 0.7
