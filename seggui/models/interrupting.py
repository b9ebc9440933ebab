"""Lets more urgent work in between the layers of a network that is under way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from seggui.core.ports import Report

_EVERY_S = 0.01


@contextmanager
def interruptible(report: Report, what: str) -> Iterator[None]:
    """Within the block, every layer of every network may call ``report`` first.

    A click is then answered in the middle of an encoding of seconds, and a cancel ends
    it, whether or not the model reports by itself. The block has a precision of its own
    and is no part of an inference: what it interrupts may be within both. Without torch
    nothing happens.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    last_s = time.monotonic()
    inside = False

    def look_up(*_: object) -> None:
        nonlocal last_s, inside
        if inside or time.monotonic() - last_s < _EVERY_S:
            return
        inside = True
        try:
            report(0, 0, what)
        finally:
            inside = False
            last_s = time.monotonic()

    hook = torch.nn.modules.module.register_module_forward_pre_hook(look_up)
    try:
        with (
            torch.inference_mode(False),
            torch.autocast("cpu", enabled=False),
            torch.autocast("cuda", enabled=False),
        ):
            yield
    finally:
        hook.remove()
