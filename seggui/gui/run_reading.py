"""What the window shows of a run, read from its folder; no truth lives here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from PySide6.QtGui import QImage

from seggui.errors import Unreadable
from seggui.gui.panels.run_rows import Curves, Preview, RunRow, RunView
from seggui.jobs.run_state import ENDED, Event, read_run, state_of

MOST_PREVIEWS = 12
SCORES = {
    "miou": "mIoU",
    "dice": "Dice",
    "mask_ap": "mask AP",
    "pixel_accuracy": "accuracy",
    "iou_1_click": "IoU of 1 click",
    "iou_3_clicks": "IoU of 3 clicks",
}
"""Metrics with a curve, by the name in the events; others are left to the file."""


def row_of(run: Path, score: str = "") -> RunRow:
    """One row of the list of runs; a damaged run is listed as failed."""
    try:
        options = read_run(run).get("options")
    except Unreadable:
        options = None
    model = str(options.get("model", "")) if isinstance(options, Mapping) else ""
    return RunRow(
        run.name,
        state_of(run),
        model,
        score,
        registered=(run / "model.json").is_file(),
    )


def score_of(events: Sequence[Event]) -> str:
    """The best score so far, in words."""
    best: tuple[float, str] = (-1.0, "")
    for event in events:
        if event.get("event") == "epoch":
            for key in ("dice", "mask_ap", "iou_3_clicks"):
                value = event.get(key)
                if isinstance(value, int | float) and value > best[0]:
                    best = float(value), f"{SCORES[key]} {value:.3f}"
    return best[1]


def curves_of(events: Sequence[Event]) -> Curves:
    """The curves of a run."""
    curves = Curves()
    for event in events:
        step, kind = event.get("step"), event.get("event")
        if not isinstance(step, int | float):
            continue
        if kind == "step":
            _add(curves.loss, step, event.get("loss"))
            _add(curves.rate, step, event.get("rate"))
        elif kind == "epoch":
            for key, title in SCORES.items():
                if key in event:
                    _add(curves.scores.setdefault(title, ([], [])), step, event[key])
    return curves


def view_of(run: Path, events: Sequence[Event], problem: str = "") -> RunView:
    """Everything shown of one run."""
    row = row_of(run, score_of(events))
    last_step = _last(events, "step")
    start = _last(events, "start")
    failed = _last(events, "failed")
    progress, left_s = _progress(start, last_step)
    if row.state == "finished":
        progress = 1.0
    return RunView(
        row,
        progress,
        None if row.state in ENDED else left_s,
        _line(row, start, last_step),
        curves_of(events),
        previews_of(run),
        problem or (str(failed["text"]) if failed else ""),
        notes_of(events),
        gained_by(events),
    )


def notes_of(events: Sequence[Event]) -> tuple[str, ...]:
    """The notes of a run, each once: a resumed training says the same again."""
    told = (str(e.get("text", "")) for e in events if e.get("event") == "note")
    return tuple(dict.fromkeys(text for text in told if text))


def gained_by(events: Sequence[Event]) -> bool:
    """What a training says at its end; one that goes on may gain something yet."""
    starts = [place for place, e in enumerate(events) if e.get("event") == "start"]
    return all(event.get("gained", True) for event in events[max(starts, default=0) :])


def previews_of(run: Path) -> tuple[Preview, ...]:
    """Validation overlays of the run; one that is not whole yet is left out."""
    out = []
    for path in sorted((run / "previews").glob("*.png"))[:MOST_PREVIEWS]:
        try:
            picture = _picture(path, path.stat().st_mtime_ns)
        except OSError:
            continue  # replaced or removed between the two looks
        if not picture.isNull():
            out.append(Preview(path.stem.partition("-")[2] or path.stem, picture))
    return tuple(out)


@lru_cache(maxsize=2 * MOST_PREVIEWS)
def _picture(path: Path, changed_ns: int) -> QImage:
    """Decoded once: a training is looked at more often than its pictures change."""
    return QImage.fromData(path.read_bytes())


def _add(curve: tuple[list[float], list[float]], step: float, value: object) -> None:
    if isinstance(value, int | float):
        curve[0].append(float(step))
        curve[1].append(float(value))


def _last(events: Sequence[Event], kind: str) -> Event | None:
    return next((e for e in reversed(events) if e.get("event") == kind), None)


def _number(event: Event | None, key: str) -> float | None:
    value = event.get(key) if event else None
    return float(value) if isinstance(value, int | float) else None


def _progress(start: Event | None, step: Event | None) -> tuple[float, float | None]:
    done, left_s = _number(step, "step"), _number(step, "time_left_s")
    epochs, per_epoch = _number(start, "epochs"), _number(start, "steps_per_epoch")
    elapsed_s = _number(step, "elapsed_s")
    if left_s is not None and elapsed_s is not None and elapsed_s + left_s > 0:
        # Also right for a training that ends by the clock and not by its epochs.
        return elapsed_s / (elapsed_s + left_s), left_s
    if done is None or not epochs or not per_epoch:
        return 0.0, left_s
    return min(1.0, done / (epochs * per_epoch)), left_s


def _line(row: RunRow, start: Event | None, step: Event | None) -> str:
    parts = []
    epoch, epochs = _number(step, "epoch"), _number(start, "epochs")
    if epoch is not None:
        of = f" of {epochs:.0f}" if epochs else ""
        ran = "1 epoch" if epoch == 0 else f"{epoch + 1:.0f} epochs"
        parts.append(f"epoch {epoch + 1:.0f}{of}" if row.going else ran)
    loss = _number(step, "loss")
    if loss is not None:
        parts.append(f"loss {loss:.3f}")
    if row.score:
        parts.append(f"best {row.score}")
    images, held = (
        _number(start, "training_images"),
        _number(start, "validation_images"),
    )
    if images is not None and held is not None:
        noun = "image" if images == 1 else "images"
        parts.append(f"{images:.0f} {noun} to learn from, {held:.0f} to check")
    return " · ".join(parts)
