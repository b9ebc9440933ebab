"""A training from the folder of images to the model in the run folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import torch
from torch import nn

from seggui.core.ports import Report
from seggui.core.segment import now_iso
from seggui.errors import BadRequest, SegguiError
from seggui.files.atomic import make_folder, write_whole
from seggui.jobs.run_state import Event, State, Wish, read_run, wish, wish_of
from seggui.jobs.train_options import TrainOptions
from seggui.models.devices import Device, choose, half_precision, out_of_memory
from seggui.models.runs import WEIGHTS, ModelCard, known_beside, write_card
from seggui.models.weights import load_matching, read_state, write_safetensors
from seggui.training import instance_task
from seggui.training.clicks import objects as click_objects
from seggui.training.clicks.task import ClickTask
from seggui.training.folders import open_labelled
from seggui.training.instance_task import InstanceTask
from seggui.training.learner import Learner
from seggui.training.loop import (
    Diverged,
    Position,
    Training,
    fit,
    keep_untrained,
    restore,
)
from seggui.training.previews import as_png
from seggui.training.run_folder import RunFolder, versions
from seggui.training.samples import Chosen, Item, LabelledImages, Sample, readable
from seggui.training.semantic_task import SemanticTask
from seggui.training.split import Split, split
from seggui.training.task import Task

PREVIEWS = 4
LEAST_RATE = 1e-8
NO_GAIN = (
    "Nothing was gained: on the validation images the network answers best as it was "
    "before. The run holds it unchanged."
)

REFUSALS: Mapping[str, Callable[[Sample], str]] = {
    "instance": instance_task.refusal,
    "prompted": click_objects.refusal,
}
"""Why a sample is of no use, by kind of model."""

_STATES: Mapping[str, State] = {
    "start": "running",
    "paused": "paused",
    "resumed": "running",
    "stopped": "stopped",
    "finished": "finished",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained where."""

    folder: Path
    out: Path
    options: TrainOptions
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a training needs, read and checked."""

    labelled: LabelledImages
    items: Sequence[Item]
    parts: Split
    training: Training
    device: Device
    notes: tuple[str, ...]


def train(order: Order, report: Report, stopped: Callable[[], bool]) -> Iterator[Event]:
    """Train and yield what happens; the same events go into the run folder.

    ``stopped`` says whether this process was asked to end; readers of the folder leave
    their wish in ``control.json``. Raises ``SegguiError`` for what people can act on,
    after a last event ``failed`` with the same sentence.
    """
    if not order.folder.is_dir():
        raise BadRequest(f"There is no folder {order.folder}.")
    run = RunFolder(order.out)
    run.claim(resume=order.resume)
    wish(order.out, "run")

    def beating(done: int, total: int, what: str) -> None:
        run.beat()
        report(done, total, what)

    problem: SegguiError | None = None
    try:
        for event in _events(order, run, beating, stopped):
            run.write(event)
            run.beat(_STATES.get(str(event["event"])))
            yield event
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            run.beat("failed")
            raise
        problem = _no_memory(order.options)
    except SegguiError as error:
        problem = error
    except BaseException:
        run.beat("failed")
        raise
    # Outside the except block: the traceback would hold the tensors.
    if problem is not None:
        failed = {"event": "failed", "text": str(problem)}
        run.write(failed)
        run.beat("failed")
        yield failed
        raise problem


def options_to_resume(out: Path) -> tuple[Path, TrainOptions]:
    """The folder and options that ``run.json`` of a run names."""
    content = read_run(out)
    options = content.get("options")
    if not isinstance(options, dict) or "folder" not in content:
        raise BadRequest(f"run.json in {out} does not say how the run was started.")
    return Path(str(content["folder"])), TrainOptions.from_json(options)


def _events(
    order: Order, run: RunFolder, report: Report, stopped: Callable[[], bool]
) -> Iterator[Event]:
    options = order.options
    if options.threads:
        torch.set_num_threads(options.threads)
    prepared = _prepare(order, run, report, stopped)
    training = prepared.training
    torch.manual_seed(options.seed)
    notes = [*prepared.notes]
    learner = Learner.of(_network(training.task, options, notes), training.options)
    position = Position()
    if order.resume:
        loaded = run.checkpoints.load_last()
        if loaded is None:
            notes.append("There was no checkpoint yet; the training begins anew.")
        else:
            position = restore(loaded.content, learner)
            notes += [loaded.note] if loaded.note else []
        _check_unfinished(options, position)
        run.forget_events_after(position.steps)
    if position.steps == 0 and options.architecture.kind == "prompted":
        position = keep_untrained(training, learner)
    yield _start_event(prepared, options, position)
    for note in notes:
        yield {"event": "note", "step": position.steps, "text": note}
    try:
        for event in fit(training, learner, position):
            if event["event"] == "epoch":
                _write_previews(run.path, training, learner.average)
            if event["event"] in ("finished", "stopped"):
                yield from _register(run, learner.average, prepared, event["step"])
            yield {**event, "memory_mb": peak_memory_mb(prepared.device)}
    except Diverged:
        yield from _register(run, learner.average, prepared, position.steps)
        raise


def _network(task: Task, options: TrainOptions, notes: list[str]) -> nn.Module:
    """A network of random weights, or of those it shall start from."""
    network = task.build()
    if options.weights:
        path = Path(options.weights)
        taken = load_matching(network, read_state(path), path)
        notes.append(
            f"Started from {path}: {taken.taken} tensors fitted, "
            f"{taken.left_out} did not."
        )
    return network


def _prepare(
    order: Order, run: RunFolder, report: Report, stopped: Callable[[], bool]
) -> Prepared:
    options = order.options
    device = choose(options.device)
    labelled = open_labelled(order.folder, options.ignored_ids, report)
    kind = options.architecture.kind
    samples, items, problems = readable(
        labelled.items, options.longest_side, report, REFUSALS.get(kind)
    )
    if kind == "prompted" and labelled.items and not items:
        raise BadRequest(
            f"Nothing in {order.folder} can be clicked on yet. Accept some segments "
            "first, or name a folder with instances."
        )
    if kind == "instance" and labelled.items and not items:
        raise BadRequest(
            f"{options.architecture.title} learns objects, and {order.folder} only has "
            "classes of pixels. Put a 16-bit picture of object numbers for each image "
            "into the folder instances, or train a semantic model such as unet."
        )
    notes = [*labelled.notes, *problems]
    if order.resume:
        parts = _split_of_run(run.path, labelled, items)
    else:
        parts = split(items, options.validation, options.seed, options.group_by)
        notes += [parts.note] if parts.note else []
        run.describe(_description(order, labelled, items, parts))
    learnt = Chosen(samples, parts.training)
    if kind == "prompted":
        # A few objects must not overrule what thousands have taught.
        sizes = click_objects.sizes_in(learnt)
        rate = options.learning_rate * click_objects.experience(sizes)
        options = replace(options, learning_rate=max(rate, LEAST_RATE))
    task = _task(options, labelled.classes, learnt, device)

    def wished() -> Wish:
        return "stop" if stopped() else wish_of(run.path)

    training = Training(
        task,
        learnt,
        Chosen(samples, parts.validation),
        options,
        run.checkpoints,
        wished,
        report,
    )
    return Prepared(labelled, items, parts, training, device, tuple(notes))


def _task(
    options: TrainOptions, classes: tuple[str, ...], learnt: Chosen, device: Device
) -> Task:
    half = half_precision(device, options.precision)
    match options.architecture.kind:
        case "instance":
            return InstanceTask(options, classes, device)
        case "prompted":
            return ClickTask(options, learnt, device, half=half)
    return SemanticTask(options, classes, learnt, device, half=half)


def _description(
    order: Order, labelled: LabelledImages, items: Sequence[Item], parts: Split
) -> dict[str, object]:
    def rows(places: Sequence[int]) -> list[dict[str, str]]:
        return [
            {"name": items[place].name, "digest": items[place].digest()}
            for place in places
        ]

    return {
        "folder": str(order.folder.resolve()),
        "created": now_iso(),
        "pid": os.getpid(),
        "options": order.options.as_json(),
        "classes": labelled.classes,
        "class_ids": labelled.class_ids,
        "versions": versions(),
        "split": {
            "training": rows(parts.training),
            "validation": rows(parts.validation),
        },
    }


def _split_of_run(run: Path, labelled: LabelledImages, items: Sequence[Item]) -> Split:
    """The split that ``run.json`` names, as places among the items there are now."""
    content = read_run(run)
    names = content.get("classes")
    if not isinstance(names, list) or tuple(names) != labelled.classes:
        raise BadRequest(
            f"The classes have changed since {run} was started "
            f"({', '.join(labelled.classes)} now). Start a new training."
        )
    places = {item.name: place for place, item in enumerate(items)}

    def found(part: str) -> tuple[int, ...]:
        rows = content["split"][part]  # type: ignore[index] # checked below
        missing = [row["name"] for row in rows if row["name"] not in places]
        changed = [
            row["name"]
            for row in rows
            if row["name"] not in missing
            and items[places[row["name"]]].digest() != row["digest"]
        ]
        if missing or changed:
            raise BadRequest(
                f"{(missing or changed)[0]} has been "
                f"{'removed' if missing else 'changed'} since {run} was started, and "
                f"{len(missing) + len(changed) - 1} more. Start a new training."
            )
        return tuple(places[row["name"]] for row in rows)

    try:
        return Split(found("training"), found("validation"))
    except (KeyError, TypeError) as error:
        raise BadRequest(f"run.json in {run} does not hold the split.") from error


def _start_event(
    prepared: Prepared, options: TrainOptions, position: Position
) -> dict[str, object]:
    half = half_precision(prepared.device, options.precision)
    return {
        "event": "start",
        "step": position.steps,
        "epoch": position.epoch,
        "epochs": options.epochs,
        "steps_per_epoch": prepared.training.steps_per_epoch,
        "model": options.model,
        "encoder": options.encoder,
        "classes": prepared.labelled.classes,
        "training_images": len(prepared.parts.training),
        "validation_images": len(prepared.parts.validation),
        "device": prepared.device.name,
        "device_reason": prepared.device.reason,
        "precision": "bfloat16" if half else "float32",
        "threads": torch.get_num_threads(),
    }


def _check_unfinished(options: TrainOptions, position: Position) -> None:
    if position.epoch >= options.epochs:
        raise BadRequest(
            f"This training has finished its {options.epochs} epochs. "
            "Give a larger number of epochs to go on."
        )


def _write_previews(run: Path, training: Training, network: nn.Module) -> None:
    folder = run / "previews"
    make_folder(folder)
    count = min(PREVIEWS, len(training.validation))
    for number in range(count):
        sample = training.validation[number * len(training.validation) // count]
        stem = PurePosixPath(sample.name).stem[:60]
        picture = training.task.overlay(network, sample)
        write_whole(folder / f"{number + 1}-{stem}.png", as_png(picture))


def _register(
    run: RunFolder, network: nn.Module, prepared: Prepared, step: object
) -> Iterator[Event]:
    """Write the best weights and their card; nothing where there are none yet.

    Says so when the best are those that there were before the training.
    """
    best = run.checkpoints.load_best()
    if best is None:
        return
    options = prepared.training.options
    network.load_state_dict(best["network"])  # type: ignore[arg-type] # ours, checked
    digest = write_safetensors(run.path / WEIGHTS, network)
    metrics = best["metrics"]
    write_card(
        run.path,
        ModelCard(
            model=options.model,
            encoder=options.encoder,
            classes=prepared.labelled.classes,
            class_ids=prepared.labelled.class_ids,
            longest_side=options.longest_side,
            metrics={**metrics, "epoch": best["epoch"]},  # type: ignore[dict-item]
            digest=digest,
            known=best.get("known", {}),  # type: ignore[arg-type]
        ),
    )
    if best["epoch"] == 0 and best.get("known", {}) == known_beside(options.weights):
        yield {"event": "note", "step": step, "text": NO_GAIN, "gained": False}


def _no_memory(options: TrainOptions) -> SegguiError:
    proposals = [
        f"a smaller batch (--batch-size {max(1, options.batch_size // 2)})"
        if options.batch_size > 1
        else "",
        f"smaller pieces (--crop {max(32, options.crop // 64 * 32)})"
        if options.crop > 32
        else "",
        "the device cpu" if options.device != "cpu" else "",
    ]
    return BadRequest(
        "Memory ran out. Checkpoints so far are whole; go on with --resume, or start "
        f"anew with {' or '.join(text for text in proposals if text) or 'less'}."
    )


def peak_memory_mb(device: Device) -> float | None:
    """The most memory used so far; None where the system does not say."""
    if device.name == "cuda":
        return round(torch.cuda.max_memory_allocated() / 1e6, 1)
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes, but bytes on macOS.
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)
