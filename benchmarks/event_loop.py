"""How late the window's event loop gets while the engine works, and when it dies.

A timer of 5 ms ticks in a process that runs ``EngineLink`` like the window does. The
table gives how much later than planned its ticks came. Read it against the first row:
on a busy machine the idle loop is late as well.

    python -m benchmarks.event_loop [--data DIR] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTERVAL_MS = 5
PATIENCE_S = 240.0
WIDTH, HEIGHT = 6000, 4000
RUN_SIDE = 1024

# A run with random weights predicts nonsense, at the speed of a trained one. It is
# made by another process: this one is the window, which never loads torch.
MAKE_RUN = f"""
import sys
from pathlib import Path
from seggui.models.runs import CARD, WEIGHTS, ModelCard, write_card
from seggui.models.semantic.networks import build
from seggui.models.weights import write_safetensors
run = Path(sys.argv[1])
digest = write_safetensors(run / WEIGHTS, build("unet", "resnet18", 2))
names = ("background", "thing")
write_card(run, ModelCard("unet", "resnet18", names, (0, 1), {RUN_SIDE}, {{}}, digest))
"""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late the ticks came while one thing went on."""

    what: str
    ticks: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    took_s: float

    def row(self) -> str:
        return (
            f"{self.what:<34}{self.ticks:>7}{self.p50_ms:>9.1f}{self.p99_ms:>9.1f}"
            f"{self.max_ms:>9.1f}{self.took_s:>9.2f}"
        )


HEADER = (
    f"{'while':<34}{'ticks':>7}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'took s':>9}"
)


def lateness(
    what: str,
    begin: Callable[[], object],
    done: Callable[[], bool],
    least_s: float = 1.0,
) -> Lateness:
    """Run the event loop from ``begin`` until ``done``; return how late it was."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    ticks_s: list[float] = [time.perf_counter()]
    end_s = ticks_s[0] + PATIENCE_S
    took_s = 0.0

    def tick() -> None:
        nonlocal took_s
        now_s = time.perf_counter()
        ticks_s.append(now_s)
        if not took_s and done():
            took_s = now_s - ticks_s[0]
        if (took_s and now_s - ticks_s[0] >= least_s) or now_s > end_s:
            loop.quit()

    timer.timeout.connect(tick)
    timer.start(INTERVAL_MS)
    QTimer.singleShot(0, begin)
    loop.exec()
    timer.stop()
    if not took_s:
        raise TimeoutError(f"'{what}' did not end within {PATIENCE_S:.0f} s")
    late_ms = np.maximum(np.diff(ticks_s) * 1000 - INTERVAL_MS, 0)
    p50, p99 = np.percentile(late_ms, [50, 99])
    highest = float(late_ms.max())
    return Lateness(what, len(late_ms), float(p50), float(p99), highest, took_s)


class Heard:
    """Keeps what a link says."""

    def __init__(self, link: Any) -> None:  # noqa: ANN401 - Qt is imported late
        self.replies: dict[int, Any] = {}
        for name in ("candidates_ready", "encoded", "predicted", "refined", "failed"):
            getattr(link, name).connect(self._answer)

    def _answer(self, reply: Any) -> None:  # noqa: ANN401
        self.replies[reply.ticket] = reply


class Phases:
    """What the engine does, one after the other."""

    def __init__(self, image_hwc: NDArray[np.uint8], run: Path) -> None:
        from seggui.gui.engine_link import EngineLink

        self.image_hwc = image_hwc
        self.run = run
        self.link = EngineLink()
        self.heard = Heard(self.link)
        self.ticket = 0

    def idle(self) -> Lateness:
        return lateness("nothing (idle)", lambda: None, lambda: True, 2.0)

    def start(self) -> Lateness:
        small_hwc = np.ascontiguousarray(self.image_hwc[:480, :640])
        self.link.open_image("small", small_hwc)
        # Torch is loaded before it shows that these weights are not there.
        weights = str(self.run / "no such file")
        row = self._until_answered(
            "the engine starts and loads torch",
            lambda: self.link.predict("small", "fcn", weights=weights),
        )
        self._expect("Failed")
        return row

    def encode(self) -> Lateness:
        def begin() -> int:
            self.link.open_image("large", self.image_hwc)
            return self.link.encode("large", "classic")

        row = self._until_answered("24 MP are shared and encoded", begin)
        self._expect("Encoded")
        return row

    def click(self, number: int) -> Lateness:
        row = self._until_answered(
            f"click {number} on 24 MP", lambda: self._ask("large", 0.15 * number)
        )
        self._expect("Candidates")
        return row

    def predict(self) -> Lateness:
        row = self._until_answered(
            "24 MP are predicted", lambda: self.link.predict("large", str(self.run))
        )
        self._expect("Predicted")
        return row

    def crash(self) -> Lateness:
        """Killed in the middle of a prediction, and asked again when that is told."""
        predicting = self.link.predict("large", str(self.run))
        self.link.engine_lost.connect(self._ask_again)

        def kill() -> int:
            pid = self.link.engine.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            return 0

        row = self._until_answered("the engine is killed, asked again", kill)
        self._expect("Candidates")
        assert self.heard.replies[predicting].reason == "lost"
        return row

    def _ask_again(self, _text: str) -> None:
        self.ticket = self._ask("small", 0.5)

    def _ask(self, key: str, share: float) -> int:
        from seggui.core.prompt import Point, Prompt

        height, width = (480, 640) if key == "small" else self.image_hwc.shape[:2]
        return self.link.ask(
            key, "classic", Prompt((Point(width * share, height * share),))
        )

    def _until_answered(self, what: str, begin: Callable[[], int]) -> Lateness:
        def start() -> None:
            self.ticket = begin()

        return lateness(what, start, lambda: self.ticket in self.heard.replies)

    def _expect(self, kind: str) -> None:
        reply = self.heard.replies[self.ticket]
        if type(reply).__name__ != kind:
            raise RuntimeError(f"the answer should have been {kind}: {reply}")


def all_phases(
    image_hwc: NDArray[np.uint8], run: Path, tell: Callable[[Lateness], None]
) -> tuple[Lateness, ...]:
    """Measure each thing that the engine does; ``tell`` hears of each at once."""
    phases = Phases(image_hwc, run)
    steps: list[Callable[[], Lateness]] = [phases.idle, phases.start, phases.encode]
    steps += [lambda at=number: phases.click(at) for number in (1, 2, 3)]  # type: ignore[misc]
    steps += [phases.predict, phases.crash]
    found = []
    try:
        for step in steps:
            found.append(step())
            tell(found[-1])
    finally:
        phases.link.close()
    if "torch" in sys.modules:
        raise RuntimeError("the window's process has loaded torch")
    return tuple(found)


def large_image(data: Path | None) -> NDArray[np.uint8]:
    """A picture of 24 megapixels: a photograph of the data folder, or made up."""
    import cv2

    photos = sorted(data.glob("bsds500/images/*")) if data else []
    if photos:
        from seggui.files.images import read_image

        small = read_image(photos[0]).display_hwc()
    else:
        dice = np.random.default_rng(0)
        small = dice.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    large = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def make_run(folder: Path) -> Path:
    """Make a run with random weights there."""
    subprocess.run([sys.executable, "-c", MAKE_RUN, str(folder)], check=True)
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of real images")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        run = make_run(Path(folder))
        print(HEADER)
        rows = all_phases(
            large_image(options.data), run, lambda row: print(row.row(), flush=True)
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
