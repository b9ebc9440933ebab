"""A network that learns, its running average, and the optimiser that moves it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seggui.jobs.train_options import TrainOptions
from seggui.models.weights import all_finite
from seggui.training.task import Task

AVERAGE_DECAY = 0.99
"""About the last hundred steps count."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What a checkpoint holds.

    ``average`` is what is measured, kept and registered: the mean of the weights and
    of the statistics of batch norms over the last steps (Polyak and Juditsky 1992)
    jumps far less from step to step than the network itself.
    """

    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer

    @staticmethod
    def of(network: nn.Module, options: TrainOptions) -> Learner:
        average = copy.deepcopy(network).eval().requires_grad_(False)
        return Learner(network, average, _optimiser(network, options))

    def step(
        self, task: Task, batch: object, rate: float, options: TrainOptions, steps: int
    ) -> float | None:
        """One step down the gradient; ``steps`` were done before.

        None, and no step, when the loss or the gradient is not finite.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss = task.loss(self.network, batch)
        if not torch.isfinite(loss):
            return None
        loss.backward()  # type: ignore[no-untyped-call]
        length: Tensor = nn.utils.clip_grad_norm_(
            self.network.parameters(), options.clip or math.inf
        )
        if not torch.isfinite(length):
            return None
        self.optimiser.step()
        self._follow(steps)
        return float(loss.detach())

    @property
    def finite(self) -> bool:
        return all_finite(self.network) and all_finite(self.average)

    def state(self) -> dict[str, object]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self.average.load_state_dict(state["average"])  # type: ignore[arg-type]
        self.optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]

    @torch.no_grad()
    def _follow(self, steps: int) -> None:
        # The first steps count less: an average of random weights is worth nothing.
        decay = min(AVERAGE_DECAY, (1 + steps) / (10 + steps))
        own = self.average.state_dict()
        for name, value in self.network.state_dict().items():
            if own[name].is_floating_point():
                own[name].lerp_(value, 1 - decay)
            else:
                own[name].copy_(value)


def _optimiser(network: nn.Module, options: TrainOptions) -> torch.optim.Optimizer:
    rate = options.learning_rate
    if options.optimizer == "adam":
        return torch.optim.Adam(network.parameters(), lr=rate)
    return torch.optim.AdamW(
        network.parameters(), lr=rate, weight_decay=options.weight_decay
    )
