"""Where scenes come from in the training of the weights that ship.

Only sets whose terms allow it: see the model card for their licences.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seggui.errors import BadRequest
from seggui.training.clicks import synthesis
from seggui.training.clicks.scenes import (
    ClickScene,
    Draw,
    Labelled,
    from_labelled,
    labelled_in,
)

SHARES = {
    "free/animals": 0.22,
    "davis2016": 0.13,
    "free/facades": 0.07,
    "free/mushrooms": 0.04,
    "dsb2018": 0.12,
    "fruits_nuts": 0.09,
    "pasted": 0.26,
    "partition": 0.10,
    "drawn": 0.08,
}
"""How often each kind of scene is drawn."""
CUT_FROM = ("free/animals", "fruits_nuts", "free/mushrooms")
"""Sets whose objects have outlines good enough to be pasted elsewhere."""
CUT_OUTS, PHOTOS, TEXTURES = "free/cutouts", "free/photos_cc0", "free/textures_cc0"


@dataclass(frozen=True, slots=True)
class FreeData:
    """Opens the scenes of a data folder; small, so that it can go to a process."""

    folder: Path

    def check(self) -> None:
        """Raise ``BadRequest`` unless some of the sets are there."""
        if not any((self.folder / name).is_dir() for name in SHARES):
            raise BadRequest(
                f"There is none of the training sets in {self.folder}: "
                f"{', '.join(name for name in SHARES if '/' in name)} …"
            )

    def __call__(self) -> Draw:
        self.check()
        labelled = {
            name: labelled_in(self.folder, name, held_out=False)
            for name in SHARES
            if (self.folder / name).is_dir()
        }
        stock = synthesis.Stock(
            _images(self.folder / PHOTOS),
            _images(self.folder / TEXTURES),
            _cuttable(self.folder, labelled),
        )
        draws: dict[str, Draw] = {
            name: from_labelled(items) for name, items in labelled.items()
        }
        if stock.backgrounds and stock.objects:
            draws["pasted"] = lambda draw: synthesis.pasted(stock, draw)
        if stock.backgrounds:
            draws["partition"] = lambda draw: synthesis.partition(stock, draw)
            draws["drawn"] = lambda draw: synthesis.drawn(stock, draw)
        return mixed(draws)


def _images(folder: Path) -> tuple[Path, ...]:
    found = (folder / "images").iterdir() if (folder / "images").is_dir() else ()
    return tuple(sorted(found))


def _cuttable(
    folder: Path, labelled: dict[str, tuple[Labelled, ...]]
) -> tuple[Labelled, ...]:
    items = [item for name in CUT_FROM for item in labelled.get(name, ())]
    if (folder / CUT_OUTS).is_dir():
        # Few and clean: as often as a set of many.
        items += labelled_in(folder, CUT_OUTS, held_out=False) * 8
    return tuple(items)


def mixed(draws: dict[str, Draw]) -> Draw:
    """Draw from several sources by ``SHARES``."""
    names = sorted(draws)
    shares = np.array([SHARES[name] for name in names])
    shares /= shares.sum()

    def draw_one(draw: np.random.Generator) -> ClickScene:
        return draws[names[int(draw.choice(len(names), p=shares))]](draw)

    return draw_one


def held_out_scenes(folder: Path, most: int, seed: int) -> list[ClickScene]:
    """Scenes that are not trained on, to follow a training with."""
    draw = np.random.default_rng(seed)
    out: list[ClickScene] = []
    for name in ("davis2016", "dsb2018", "fruits_nuts", "free/animals"):
        items = (
            list(labelled_in(folder, name, held_out=True))
            if (folder / name).is_dir()
            else []
        )
        draw.shuffle(items)
        scenes = [scene for item in items if (scene := item.pick(draw, 2))]
        out += scenes[:most]
    return out
