"""From words on the command line to the module of a verb, and its errors to people."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol, cast

from seggui import __version__
from seggui.errors import Cancelled, SegguiError

DONE, FAILED, WRONG_USAGE, INTERRUPTED, UNHEARD = 0, 1, 2, 130, 141

_BARE_OPTION = re.compile("--[^=]+")
_NEGATIVE = re.compile(r"-\.?\d")


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb, and the module of ``seggui.cli`` that does it."""

    name: str
    module: str
    summary: str


# The window's own verbs have no module here: it is not the command line's to know Qt.
WINDOW_VERBS = (
    Verb("open", "", "open the window on a folder or an image"),
    Verb("tour", "", "play the main job in the real window and keep its pictures"),
)
VERBS = (
    Verb(
        "segment",
        "segment",
        "get the mask of an object from points, boxes, lines or words",
    ),
    Verb("predict", "predict", "run a full-image model over images"),
    Verb("propagate", "propagate", "carry objects to the next or earlier images"),
    Verb("everything", "everything", "find every object by a model for clicks"),
    Verb("encode", "encode", "let a model look at images ahead of the first click"),
    Verb("refine", "refine", "refine masks by a recipe: CRF, components, morphology"),
    Verb("train", "train", "train a model on a project or on images and masks"),
    Verb(
        "train-clicks",
        "train_clicks",
        "teach the click network what an object is in a project",
    ),
    Verb("evaluate", "evaluate", "compare masks with the truth"),
    Verb("import", "import_", "bring masks of other formats into a project"),
    Verb("export", "export", "write a project's masks in another format"),
    Verb("rank", "rank", "order images by how unsure a model is of them"),
    Verb("models", "models", "list, download, verify and remove models"),
    Verb("doctor", "doctor", "say what is installed and what is wrong with it"),
)


class VerbModule(Protocol):
    """What every module of a verb offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, options: argparse.Namespace) -> int: ...


def opens_window(words: Sequence[str]) -> bool:
    """Whether these words ask for the window: none, a window verb, or a path."""
    if not words:
        return True
    first = words[0]
    if first in {verb.name for verb in WINDOW_VERBS}:
        return True
    return first not in {verb.name for verb in VERBS} and not first.startswith("-")


def window_options(words: Sequence[str]) -> argparse.Namespace:
    """Parse the words of ``open`` and ``tour``.

    The result has ``verb`` (open or tour) and ``path``; a tour has also ``out``,
    ``theme`` and ``scale``.
    """
    words = list(words)
    if not words or words[0] not in {verb.name for verb in WINDOW_VERBS}:
        words.insert(0, "open")
    verb = words.pop(0)
    summary = next(v.summary for v in WINDOW_VERBS if v.name == verb)
    parser = argparse.ArgumentParser(
        prog=f"seggui {verb}",
        description=f"{summary[0].upper()}{summary[1:]}.",
    )
    parser.set_defaults(verb=verb)
    if verb == "open":
        parser.add_argument("path", nargs="?", help="a folder of images, or an image")
        parser.add_argument(
            "--sample", action="store_true", help="open the sample project"
        )
    else:
        parser.set_defaults(path=None, sample=True)
        parser.add_argument(
            "--out",
            default="tour",
            metavar="DIR",
            help="folder for pictures and masks (default: tour)",
        )
        parser.add_argument(
            "--theme",
            choices=("light", "dark"),
            default="light",
            help="colours (default: light)",
        )
        parser.add_argument(
            "--quick", action="store_true", help="train for a few steps only"
        )
    options = parser.parse_args(words)
    if options.path and not _is_there(options.path):
        parser.error(
            f"there is no command, folder or image {options.path!r}; "
            "seggui --help lists the commands"
        )
    return options


def _is_there(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        # A name that cannot be, or the home of nobody.
        return False


def run(words: Sequence[str]) -> int:
    """Do what the words say; returns the exit code."""
    verb = next((v for v in VERBS if words and v.name == words[0]), None)
    if verb is None:
        return _overview(words)
    module = cast(VerbModule, importlib.import_module(f"seggui.cli.{verb.module}"))
    parser = argparse.ArgumentParser(
        prog=f"seggui {verb.name}", description=module.HELP
    )
    module.add_arguments(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the result as one JSON object"
    )
    options = parser.parse_args(with_negatives(words[1:]))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names may hold what no encoding can print.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = module.run(options)
        sys.stdout.flush()
    except SegguiError as error:
        return _fail(str(error), as_json=options.json)
    except BrokenPipeError:
        # Whoever read what is printed, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNHEARD
    except OSError as error:
        return _fail(_refusal(error), as_json=options.json)
    except (Cancelled, KeyboardInterrupt):
        _fail("Stopped. What was finished before is kept.", as_json=options.json)
        return INTERRUPTED
    except MemoryError:
        return _fail(
            "There is not enough memory for this. Close other programs or use "
            "smaller images or tiles; no file was changed by this step.",
            as_json=options.json,
        )
    return code


def with_negatives(words: Sequence[str]) -> list[str]:
    """Join an option and a value such as -5,3, which argparse takes for an option."""
    joined: list[str] = []
    for place, word in enumerate(words):
        if word == "--":
            return [*joined, *words[place:]]
        if joined and _BARE_OPTION.fullmatch(joined[-1]) and _NEGATIVE.match(word):
            joined[-1] = f"{joined[-1]}={word}"
        else:
            joined.append(word)
    return joined


def _refusal(error: OSError) -> str:
    """What the system refused, where no module has better words for it."""
    what = error.filename or "what was to be read or written"
    why = error.strerror or type(error).__name__
    return f"The system refused {what}: {why}. What was finished before is kept."


def _fail(sentence: str, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": sentence}) + "\n")
    sys.stderr.write(f"seggui: {sentence}\n")
    return FAILED


def _overview(words: Sequence[str]) -> int:
    parser = _Overview(
        prog="seggui",
        description="Make segmentation data and the models trained on it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n"
        + "\n".join(f"  {v.name:14}{v.summary}" for v in (*WINDOW_VERBS, *VERBS))
        + "\n\nseggui COMMAND --help says more. Without a command the window opens.",
        usage="seggui [COMMAND | PATH] [options]",
    )
    parser.add_argument("--version", action="version", version=f"seggui {__version__}")
    parser.parse_args(words)
    parser.print_help()
    return DONE


class _Overview(argparse.ArgumentParser):
    """Wrong usage of the program as a whole names the way to its help."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"seggui: {message}. See seggui --help.\n")
