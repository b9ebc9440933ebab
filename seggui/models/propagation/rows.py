"""The rows of the catalogue for models that do nothing but carry masks."""

from __future__ import annotations

from seggui.core.ports import ModelInfo
from seggui.models.row import Row

FLOW = ModelInfo(
    id="flow",
    title="Flow (follows objects, no download)",
    kind="propagating",
    paper="Dense inverse search, histogram matching and colour; see the decision "
    "record",
    code_licence="Apache-2.0",
    input_size="any",
)

PROPAGATING = (Row(FLOW, "", "seggui.models.propagation.flow:FlowModel"),)
"""In order of quality, after the prompted models that can also carry masks."""
