"""The way in: ``seggui`` opens the window, ``seggui VERB`` does the work of a verb."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        # Answered before anything else is loaded: scripts ask often.
        from seggui import __version__

        sys.stdout.write(f"seggui {__version__}\n")
        return 0
    # numpy reads it when it loads. Its products here are small, and its threads, which
    # wait busily, would only take the cores from those of the networks.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from seggui.cli import dispatch

    if dispatch.opens_window(words):
        from seggui.app import open_window

        return open_window(dispatch.window_options(words))
    return dispatch.run(words)


if __name__ == "__main__":
    # Frozen programs start their child processes through this same door.
    from multiprocessing import freeze_support

    freeze_support()
    sys.exit(main())
