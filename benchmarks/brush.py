"""How long it takes from a mouse event of the brush until the canvas is repainted.

The scene of benchmarks/canvas.py (24 megapixels, 200 segments, 1920 x 1080); strokes of
several sizes at several zooms, painted into a segment of the scene.

    python -m benchmarks.brush [--data DIR] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from benchmarks.canvas import scene, summary
from seggui.core.candidate import Candidate
from seggui.core.document import Document
from seggui.core.prompt import Prompt
from seggui.gui.canvas.canvas import Canvas
from seggui.gui.tools.desk import ToolOptions
from seggui.gui.tools.hand import Hand


class Desk:
    """Commits at once; the canvas follows as it does in the window."""

    def __init__(self, canvas: Canvas, document: Document) -> None:
        self.canvas = canvas
        self.document: Document | None = document
        self.selected: tuple[str, ...] = (document.segments[3].id,)
        self.hidden: frozenset[str] = frozenset()
        self.class_id = 1
        self.options = ToolOptions()
        self.prompt = Prompt()
        self.candidate: Candidate | None = None
        self.read_only = False

    def commit(
        self, label: str, document: Document, select: Sequence[str] | None = None
    ) -> None:
        self.document = document
        self.canvas.set_document(document)

    def ask(self, prompt: Prompt) -> None:
        self.prompt = prompt

    def select(self, ids: Sequence[str]) -> None:
        self.selected = tuple(ids)

    def say(self, text: str, level: str = "info") -> None:
        print(level, text)

    def set_options(self, options: ToolOptions) -> None:
        self.options = options


def stroke(canvas: Canvas, moves: int, seed: int) -> NDArray[np.float64]:
    """Time of each event of one stroke with its repaint, in ms, shape (n, 2)."""
    random = np.random.default_rng(seed)
    place = QPointF(random.uniform(300, 1600), random.uniform(200, 900))
    angle = random.uniform(0, 6)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    keys = Qt.KeyboardModifier.NoModifier
    kinds = [QEvent.Type.MouseButtonPress]
    kinds += [QEvent.Type.MouseMove] * moves + [QEvent.Type.MouseButtonRelease]
    out = []
    for kind in kinds:
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        event = QMouseEvent(kind, place, canvas.mapToGlobal(place), button, held, keys)
        wall, used = time.perf_counter(), time.process_time()
        QApplication.sendEvent(canvas, event)
        QApplication.processEvents()  # paints what the event made dirty
        out.append((time.perf_counter() - wall, time.process_time() - used))
        angle += random.uniform(-0.4, 0.4)
        place = place + QPointF(9 * np.cos(angle), 9 * np.sin(angle))
    return np.array(out) * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of real images")
    parser.add_argument("--strokes", type=int, default=6)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    QApplication(sys.argv[:1])
    canvas, document, _ = scene(options.data)
    canvas.set_candidates(())
    canvas.set_prompts(())
    desk = Desk(canvas, document)
    hand = Hand(canvas, desk)
    figures: dict[str, object] = {}
    everything = []
    for zoom in (0.0, 0.5, 1.0, 4.0):
        for size_px in (8, 40, 160):
            canvas.zoom_fit()
            if zoom:
                canvas.zoom_by(zoom / canvas.zoom)
            canvas.repaint()
            desk.set_options(replace(desk.options, brush_px=size_px))
            for tool in ("brush", "eraser"):
                hand.take(tool)
                times = np.concatenate(
                    [stroke(canvas, 40, seed) for seed in range(options.strokes)]
                )
                everything.append(times)
                name = f"{tool} {size_px} px at {zoom or canvas.zoom:.2f}"
                figures[name] = summary(times)
                print(f"{name:24}", summary(times))
    figures["all"] = summary(np.concatenate(everything))
    print("all", figures["all"], "target: p99 under 8 ms")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    canvas.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
