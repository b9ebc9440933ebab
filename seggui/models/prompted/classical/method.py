"""What all classical methods share: a picture for an encoding, and a row of the table.

Another module for each method says how it answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from seggui.core.candidate import Candidate
from seggui.core.parameters import Value, values_of
from seggui.core.ports import ModelInfo, Report
from seggui.core.prompt import Prompt
from seggui.models.prompted.classical.pictures import Bytes, Picture
from seggui.models.prompted.classical.seeds import checked

Values = Mapping[str, Value]
"""What is set of the method, by name."""


class Method(ABC):
    """A classical method as a ``PromptedModel``."""

    info: ClassVar[ModelInfo]

    def encode(self, image_hwc: Bytes, report: Report) -> Picture:
        """The picture; what a method works out about it is remembered there.

        Raises ``ValueError`` for an array that is no RGB image.
        """
        if image_hwc.ndim != 3 or image_hwc.shape[2] != 3 or image_hwc.size == 0:
            raise ValueError(f"not an RGB image: shape {image_hwc.shape}")
        report(0, 1, "looking at the image")
        picture = Picture(image_hwc)
        report(1, 1, "looking at the image")
        return picture

    def decode(
        self, encoding: object, prompt: Prompt, report: Report
    ) -> tuple[Candidate, ...]:
        """Return candidates in image pixels, the best first; see ``PromptedModel``."""
        picture = opened(encoding)
        prompt = checked(prompt, self.info, picture)
        values = values_of(self.info.parameters, prompt.settings)
        return self.answer(picture, prompt, values, report)

    @abstractmethod
    def answer(
        self, picture: Picture, prompt: Prompt, values: Values, report: Report
    ) -> tuple[Candidate, ...]:
        """Answer a prompt that makes sense on this picture."""


def opened(encoding: object) -> Picture:
    """The picture that ``encode`` gave; raises ``TypeError`` for anything else."""
    if not isinstance(encoding, Picture):
        raise TypeError(f"an encoding of another model: {type(encoding).__name__}")
    return encoding
