"""The tracker of SAM 3 as a model that carries masks from image to image."""

from __future__ import annotations

from pathlib import Path

from seggui.core.ports import ModelInfo
from seggui.models.devices import choose
from seggui.models.prompted.sam.sam3_networks import Sam3Heads, open_network
from seggui.models.propagation.memory import MemoryModel


def open_memory(info: ModelInfo, path: Path) -> MemoryModel:
    """Open ``sam3.pt`` or the folder of Hugging Face; raises as for prompts."""
    return MemoryModel(info, Sam3Heads(open_network(info, path).network, choose()))
