"""What a person set of each model, kept from one start to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping

from seggui.core.parameters import Settings as ModelValues
from seggui.core.parameters import Value, values_of
from seggui.core.ports import ModelInfo
from seggui.errors import BadRequest
from seggui.files.settings import Settings

_BLOB = "model_settings"


class ModelSettings:
    """Values by model; only those that differ from the defaults are kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept = _kept(settings.blob(_BLOB))

    def values(self, info: ModelInfo) -> Mapping[str, Value]:
        """The value of each parameter of a model."""
        return values_of(info.parameters, self.of(info))

    def of(self, info: ModelInfo) -> ModelValues:
        """What differs from the model's defaults; what it does not know is left out."""
        kept = self._kept.get(info.id, {})
        usable = []
        for row in info.parameters:
            if row.name in kept:
                try:
                    value = row.checked(kept[row.name])
                except BadRequest:
                    continue  # of another version; its default counts
                if value != row.default:
                    usable.append((row.name, value))
        return tuple(usable)

    def set(self, info: ModelInfo, name: str, value: Value) -> None:
        """Set one parameter; raises ``BadRequest`` for what it cannot be."""
        [row] = [row for row in info.parameters if row.name == name]
        self._kept[info.id] = {**dict(self.of(info)), name: row.checked(value)}
        self._keep()

    def reset(self, info: ModelInfo) -> None:
        """Set everything of a model back to its defaults."""
        self._kept.pop(info.id, None)
        self._keep()

    def _keep(self) -> None:
        self._settings.set_blob(_BLOB, json.dumps(self._kept))


def _kept(text: str) -> dict[str, dict[str, Value]]:
    """What a blob holds, as far as it makes sense."""
    try:
        content = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        str(model): {
            str(name): value
            for name, value in values.items()
            if isinstance(value, bool | int | float | str)
        }
        for model, values in content.items()
        if isinstance(values, dict)
    }
