"""The network made ready to answer quickly on the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from seggui.models.devices import bfloat16_in_hardware
from seggui.models.prompted.clicknet.channels import Bytes
from seggui.models.prompted.clicknet.network import Block, ClickNet
from seggui.models.prompted.pool import Floats


class Engine:
    """The network with its norms folded in, in bfloat16 where the processor has it."""

    def __init__(self, network: ClickNet) -> None:
        """Take the network over; it can learn no more."""
        for module in list(network.modules()):
            _fold(module)
        self._kind = torch.bfloat16 if bfloat16_in_hardware() else torch.float32
        self._network = network.to(self._kind).to(memory_format=torch.channels_last)

    def __call__(self, bytes_chw: Bytes) -> tuple[Floats, float]:
        """Probabilities, axes (y, x), and the expected IoU, 0 to 1."""
        # Channels last while they are bytes still: four times as fast as afterwards.
        channels, height, width = bytes_chw.shape
        bytes_pc = cv2.transpose(bytes_chw.reshape(channels, -1))
        bytes_nhwc = torch.from_numpy(bytes_pc).view(1, height, width, channels)
        with torch.inference_mode(), _one_thread():
            x = bytes_nhwc.to(self._kind).div_(255.0).permute(0, 3, 1, 2)
            logits, quality = self._network(x)
            likely = torch.sigmoid(logits[0].float()).numpy()
            return likely, float(torch.sigmoid(quality.float())[0])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Two win a few milliseconds on idle cores and lose a second on busy ones."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _fold(module: nn.Module) -> None:
    """Fold batch norms into the convolutions before them."""
    pairs: tuple[tuple[str, str], ...] = ()
    if isinstance(module, Block):
        pairs = (("one", "one_norm"), ("two", "two_norm"))
    elif isinstance(getattr(module, "1", None), nn.BatchNorm2d):
        pairs = (("0", "1"),)
    for conv, norm in pairs:
        fused = fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm))
        setattr(module, conv, fused)
        setattr(module, norm, nn.Identity())
