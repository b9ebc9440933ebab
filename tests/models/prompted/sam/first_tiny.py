"""Tiny networks of the first generation with seeded weights that are not constant."""

import numpy as np
import torch

from seggui.core.ports import ModelInfo
from seggui.models.devices import Device
from seggui.models.prompted.rows import ZOOM
from seggui.models.prompted.sam.first import FirstBackbone, FirstNetwork, Variant
from seggui.models.prompted.sam.model import SamModel
from seggui.models.prompted.sam.tinyvit import TinyShape
from seggui.models.prompted.sam.vit import VitShape

VIT = VitShape(16, 3, 2, (1,), side=64, patch=16, window=3, out=16)
TINY = TinyShape((8, 8, 16, 16), (1, 1, 2, 1), (1, 2, 2, 2), (3, 3, 4, 3), 64, 16)
VARIANTS = {
    "vit": Variant(VIT, inner=32, heads=2),
    "tiny": Variant(TINY, inner=32, heads=2),
    "vit-hq": Variant(VIT, hq=True, inner=32, heads=2),
    "tiny-hq": Variant(TINY, hq=True, inner=32, heads=2),
}
CPU = Device("cpu", "for a test")


def info_of(model_id="tiny-sam"):
    return ModelInfo(
        model_id,
        "Tiny SAM",
        "prompted",
        candidates=3,
        needs_weights=True,
        parameters=(ZOOM,),
    )


def seeded(network, seed=0):
    """Weights that keep the size of what flows through them, so that outputs vary."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if "running_var" in name:
                value.uniform_(0.5, 1.5, generator=generator)
            elif value.ndim > 1:
                inputs = max(1, value[0].numel())
                value.normal_(0, inputs**-0.5, generator=generator)
            elif value.is_floating_point():
                around = 1.0 if name.endswith("weight") else 0.0
                value.normal_(around, 0.2, generator=generator)
    return network


def network_of(name, seed=0):
    return seeded(FirstNetwork(VARIANTS[name]), seed)


def backbone_of(name, seed=0, precision="float32"):
    return FirstBackbone(network_of(name, seed), CPU, f"test:{name}:{seed}", precision)


def model_of(name, seed=0):
    return SamModel(info_of(), backbone_of(name, seed))


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
