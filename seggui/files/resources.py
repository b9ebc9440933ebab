"""Where the files are that come with the program."""

from __future__ import annotations

from pathlib import Path

from seggui.errors import Unreadable


def resource_path(*parts: str) -> Path:
    """Return a file of the program: inside the package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "resources", package.parent / "resources"):
        path = folder.joinpath(*parts)
        if path.exists():
            return path
    raise Unreadable(
        "/".join(parts),
        "this file of the program is missing",
        "Install seggui again; your own files are not affected.",
    )
