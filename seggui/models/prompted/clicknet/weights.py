"""The weights of the click network on disk, in half precision."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from seggui.errors import Unreadable
from seggui.files.atomic import write_whole
from seggui.models.prompted.clicknet.network import ClickNet
from seggui.models.weights import all_finite, load_exactly, read_state

TITLE = "the click network"


def write(path: Path, network: nn.Module) -> None:
    """Write the weights whole, in half precision."""
    write_whole(path, save(halved(network)))


def halved(network: nn.Module) -> dict[str, Tensor]:
    """The weights in half precision; running variances may not fit and stay whole."""
    return {
        name: value.detach().cpu().contiguous().clone()
        if "running" in name or not value.is_floating_point()
        else value.detach().cpu().to(torch.float16).contiguous()
        for name, value in network.state_dict().items()
    }


def read(path: Path) -> ClickNet:
    """Return the network in full precision, ready to answer.

    Raises ``MissingWeights`` or ``Unreadable``; a weight that is not finite counts as
    unreadable.
    """
    network = ClickNet()
    state = {name: value.float() for name, value in read_state(path).items()}
    load_exactly(network, state, path, TITLE)
    if not all_finite(network):
        raise Unreadable(
            path,
            "some of its weights are not finite numbers, so each mask would be empty",
            "Take the weights that came with the program, or another training.",
        )
    return network.eval()
