"""A session on a small real project, with a fake engine in this process."""

import cv2
import numpy as np

from seggui.core.candidate import Candidate
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.files.settings import Settings
from seggui.gui.engine_link import EngineLink
from seggui.gui.session import Session
from seggui.jobs.in_process import InProcessClient
from seggui.jobs.messages import Candidates, Encode, Encoded, Predict, Predicted
from seggui.jobs.refine_host import RefineHost

SIDE = 96


def write_images(folder, names=("a.png", "b.png", "c.png"), side=SIDE):
    random = np.random.default_rng(1)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 255, (side, side, 3), dtype=np.uint8)
        (folder / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return folder


def square(x, y, size=20, side=SIDE):
    box = Box(x, y, x + size, y + size)
    return Mask.from_window(side, side, box, np.ones((size, size)))


class SquareHost:
    """Every click becomes squares of three sizes; predictions are two cells."""

    def __init__(self):
        self.asked = []

    def handle(self, request, report):
        self.asked.append(request)
        if isinstance(request, Encode):
            return Encoded(request.ticket, 0.0)
        if isinstance(request, Predict):
            found = tuple(
                Candidate(square(x, x), 0.9, class_name="Cell") for x in (5, 50)
            )
            doubt_hw = np.full((SIDE, SIDE), 51, np.uint8)
            return Predicted(request.ticket, found, doubt_hw, 0.0)
        last = request.prompt.points[-1]
        base = request.prompt.previous or Mask.empty(SIDE, SIDE)
        candidates = tuple(
            Candidate(
                base.union(square(int(last.x), int(last.y), size)), size / 100, kind
            )
            for size, kind in ((30, "whole"), (20, "part"), (10, "sub-part"))
        )
        return Candidates(request.ticket, candidates, 0.0)

    def forget(self, key):
        """Nothing is kept."""


def make_session(host=None):
    engine = host or SquareHost()
    link = EngineLink(
        engine=lambda heard, lost: InProcessClient(engine, heard, on_lost=lost),
        refiner=lambda heard, lost: InProcessClient(RefineHost(), heard, on_lost=lost),
    )
    session = Session(link, Settings.load(), model_id="squares")
    session.heard = []
    session.said.connect(lambda text, level: session.heard.append((level, text)))
    return session
