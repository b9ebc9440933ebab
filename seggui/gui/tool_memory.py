"""The options of tools that come back at the next start."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from seggui.errors import BadRequest
from seggui.files.settings import Settings
from seggui.gui.tools.desk import ToolOptions

_BLOB = "tool_options"
_KEPT: dict[str, type] = {
    "scribble_px": int,
    "rough_px": int,
    "protect_others": bool,
    "fill_gaps": bool,
    "follow_edges": bool,
    "snap_corners": bool,
    "snap_anchors": bool,
}
"""The others begin as they are expected to: the left button adds, for example."""


def remembered_options(settings: Settings) -> ToolOptions:
    """What was set last; what makes no sense any more is passed over."""
    usual = ToolOptions(brush_px=int(settings.value("brush_size")))
    try:
        stored = json.loads(settings.blob(_BLOB) or "{}")
    except (ValueError, RecursionError):
        return usual
    if not isinstance(stored, dict):
        return usual
    known: dict[str, Any] = {
        name: stored[name]
        for name, kind in _KEPT.items()
        if type(stored.get(name)) is kind
    }
    try:
        return replace(usual, **known)
    except BadRequest:
        return usual


def remember_options(settings: Settings, options: ToolOptions) -> None:
    """Keep them for the next start."""
    settings.set("brush_size", options.brush_px)
    kept = {name: value for name, value in asdict(options).items() if name in _KEPT}
    settings.set_blob(_BLOB, json.dumps(kept))
