"""A host that carries masks by moving them one pixel to the right each time."""

import os
from pathlib import Path

import numpy as np

from seggui.core.candidate import Followed
from seggui.core.mask import Mask
from seggui.errors import BadRequest
from seggui.jobs.messages import Propagated

ENGINE = "propagating_hosts:open_host"


class ShiftHost:
    """What goes wrong on which image is said when it is made, or by the model id."""

    def __init__(
        self,
        gone_after=99,
        gone_on=(),
        forgets_before=(),
        refuses=(),
        slips=(),
    ):
        self.memories = {}
        self.begun, self.sequences, self.forgotten = [], [], []
        self._gone_after, self._gone_on = gone_after, gone_on
        self._forgets_before = set(forgets_before)
        self._refuses, self._slips = refuses, slips

    def handle(self, request, report):
        name = request.image.key
        self._misbehave(request, name)
        if name in self._forgets_before:
            self._forgets_before.discard(name)
            self.memories.clear()
        if request.first:
            self.begun.append(name)
            self.sequences.append(request.sequence)
            self.memories[request.sequence] = {}
        memory = self.memories.get(request.sequence)
        if memory is None:
            return Propagated(request.ticket, {}, 0.0, remembered=False)
        found = {}
        for track, mask in memory.items():
            if track not in request.known:
                found[track] = Followed(self._moved(mask, name), 0.9)
        memory.update({track: one.mask for track, one in found.items()})
        memory.update(request.known)
        return Propagated(request.ticket, found, 0.0)

    def forget(self, key):
        self.forgotten.append(key)
        self.memories.pop(key, None)

    def _moved(self, mask, name):
        self._gone_after -= 1
        if self._gone_after < 0:
            return Mask.empty(mask.height, mask.width)
        pixels = np.roll(mask.dense(), 1, axis=1)
        # Out of sight for a while, and still remembered in the same place.
        return (
            Mask.empty(*pixels.shape)
            if name in self._gone_on
            else (Mask.from_dense(pixels))
        )

    def _misbehave(self, request, name):
        if name in self._refuses:
            raise BadRequest("A mask does not fit.")
        if name in self._slips:
            raise ValueError("a bug")
        if request.model_id == "f4 kills" and name == "f4.png":
            os._exit(3)
        if request.model_id == "dies-once" and name == "f5.png":
            mark = Path(os.environ["SEGGUI_HOME"], "died")
            if not mark.exists():
                mark.touch()
                os._exit(3)


def open_host():
    return ShiftHost()
