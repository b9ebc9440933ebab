"""How long the canvas takes for a frame while a person pans and zooms.

The scene: a photograph of 24 megapixels with 200 segments on a canvas of 1920 x 1080.
Every step moves the view and repaints the widget at once, as the event loop would.

    python -m benchmarks.canvas [--data DIR] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from seggui.core.candidate import Candidate
from seggui.core.classes import Classes
from seggui.core.document import Document, ImageFacts
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.prompt import Point, Prompt
from seggui.core.segment import Segment, Source
from seggui.files.images import read_image
from seggui.gui.canvas.canvas import Canvas

WIDTH, HEIGHT = 6000, 4000
SEGMENTS = 200


def photograph(data: Path | None) -> NDArray[np.uint8]:
    """Return 24 megapixels: a real photograph enlarged, or smooth noise without one."""
    found = sorted(data.glob("free/facades/images/*")) if data is not None else []
    if found:
        small = read_image(found[0]).display_hwc()
    else:
        small = np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8)
    large = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def blobs(seed: int = 1) -> list[Segment]:
    """Return 200 wavy outlines of very different size that cover much of the image."""
    random = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    out = []
    for index in range(SEGMENTS):
        radius = float(np.exp(random.uniform(np.log(40), np.log(500))))
        wave = sum(
            random.uniform(0, 0.2) * np.sin(k * turn + random.uniform(0, 6))
            for k in range(1, 6)
        )
        x = random.uniform(0, WIDTH) + radius * (1 + wave) * np.cos(turn)
        y = random.uniform(0, HEIGHT) + radius * (1 + wave) * np.sin(turn)
        box = Box(int(x.min()), int(y.min()), int(x.max()) + 2, int(y.max()) + 2)
        pixels = np.zeros((box.height, box.width), np.uint8)
        corners = np.stack([x - box.x0, y - box.y0], axis=1).astype(np.int32)
        cv2.fillPoly(pixels, [corners], 1)
        mask = Mask.from_window(HEIGHT, WIDTH, box, pixels)
        if not mask.is_empty:
            out.append(Segment(mask, 1 + index % 8, Source("benchmark")))
    return out


def scene(data: Path | None) -> tuple[Canvas, Document, dict[str, float]]:
    """Return a shown canvas with everything on it, and how long that took."""
    image_hwc, segments = photograph(data), blobs()
    facts = ImageFacts("photograph.jpg", WIDTH, HEIGHT, "sha256:0")
    document = Document(facts, tuple(segments))
    classes = Classes()
    for name in "abcdefgh":
        classes = classes.added(name)
    canvas = Canvas()
    canvas.resize(1920, 1080)
    canvas.show()
    took = {}
    for name, step in (
        ("set_image", lambda: canvas.set_image(image_hwc)),
        ("set_document", lambda: canvas.set_document(document)),
        ("first_frame", canvas.repaint),
    ):
        start = time.perf_counter()
        step()
        took[name] = (time.perf_counter() - start) * 1e3
    canvas.set_classes(classes)
    canvas.set_selected([segments[3].id])
    canvas.set_candidates([Candidate(segments[10].mask, 0.9)])
    canvas.set_prompts([Prompt((Point(3000, 2000), Point(3100, 2100, False)))])
    QApplication.processEvents()
    return canvas, document, took


def pans(canvas: Canvas, steps: int) -> Iterator[Callable[[], None]]:
    """Pan in a curve, 20 to 60 pixels a step, at the zoom there is."""
    for step in range(steps):
        angle = step / 9
        dx, dy = 40 * np.cos(angle) + 20, 40 * np.sin(angle)
        yield lambda dx=dx, dy=dy: canvas.pan_by(dx, dy)  # type: ignore[misc]


def zooms(canvas: Canvas, steps: int) -> Iterator[Callable[[], None]]:
    """Zoom in and out again at a place off the middle, a wheel notch a step."""
    for step in range(steps):
        factor = 1.2 if step % 40 < 20 else 1 / 1.2
        yield lambda f=factor: canvas.zoom_by(f, QPointF(700, 400))  # type: ignore[misc]


def run(canvas: Canvas, steps: Iterator[Callable[[], None]]) -> NDArray[np.float64]:
    """Wall and processor time of each step with its repaint, in ms, shape (n, 2)."""
    out = []
    for step in steps:
        wall, used = time.perf_counter(), time.process_time()
        step()
        canvas.repaint()
        out.append((time.perf_counter() - wall, time.process_time() - used))
        QApplication.processEvents()
    return np.array(out) * 1e3


def summary(times_ms: NDArray[np.float64]) -> dict[str, float]:
    """Percentiles; processor time says what a machine without other work would do."""
    out: dict[str, float] = {"frames": len(times_ms)}
    for name, column in (("wall", times_ms[:, 0]), ("cpu", times_ms[:, 1])):
        for level in (50, 95, 99):
            out[f"{name}_p{level}_ms"] = round(float(np.percentile(column, level)), 2)
        out[f"{name}_max_ms"] = round(float(column.max()), 2)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of real images")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    app = QApplication(sys.argv[:1])
    canvas, _, took = scene(options.data)
    print("  ".join(f"{name} {ms:.1f} ms" for name, ms in took.items()))
    everything = []
    figures: dict[str, object] = {"setup_ms": took}
    rows = [("fit", 0.0), ("50 %", 0.5), ("100 %", 1.0), ("400 %", 4.0)]
    for name, scale in rows:
        canvas.zoom_fit()
        if scale:
            canvas.zoom_by(scale / canvas.zoom)
        canvas.repaint()
        for what, steps in (("pan", pans), ("zoom", zooms)):
            times = run(canvas, steps(canvas, options.steps))
            everything.append(times)
            figures[f"{what} from {name}"] = summary(times)
            print(f"{what:5} from {name:6}", summary(times))
            canvas.zoom_fit()
            if scale:
                canvas.zoom_by(scale / canvas.zoom)
            canvas.repaint()
    figures["all"] = summary(np.concatenate(everything))
    print("all", figures["all"], "target: p95 at most 16 ms")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    canvas.close()
    app.processEvents()
    return 0


if __name__ == "__main__":
    sys.exit(main())
