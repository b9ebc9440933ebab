"""What a person prefers, kept in their configuration folder; never fails to start."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from seggui.errors import BadRequest, SegguiError
from seggui.files.atomic import make_folder, write_whole

Value = bool | int | float | str

MOST_RECENT = 12


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the settings page."""

    key: str
    label: str
    default: Value
    help: str
    group: str
    choices: tuple[str, ...] = ()
    """The texts that are allowed; empty for any."""
    smallest: float | None = None
    largest: float | None = None

    def checked(self, value: object) -> Value:
        """Return the value in the type of the default; raises ``BadRequest``."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            try:
                value = float(value)
            except OverflowError:
                value = math.inf
        if type(value) is not kind:
            raise BadRequest(f"{self.label} cannot be {value!r}.")
        if self.choices and value not in self.choices:
            raise BadRequest(
                f"{self.label} cannot be {value!r}; it is one of "
                f"{', '.join(self.choices)}."
            )
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = self.smallest, self.largest
            # Written so that NaN is refused too.
            if not (low is None or value >= low) or not (high is None or value <= high):
                raise BadRequest(f"{self.label} must lie between {low} and {high}.")
        assert isinstance(value, bool | int | float | str)
        return value


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "theme",
        "Theme",
        "system",
        "Colours of the window.",
        "Window",
        choices=("system", "light", "dark"),
    ),
    Setting(
        "autosave",
        "Save by itself",
        True,
        "Soon after each change.",
        "Saving",
    ),
    Setting(
        "autosave_s",
        "Seconds until it saves",
        3.0,
        "How long after the last change. Every change is in the journal at once.",
        "Saving",
        smallest=0.5,
        largest=600.0,
    ),
    Setting(
        "prompted_model",
        "Model for clicks",
        "",
        "Empty chooses the best one at hand.",
        "Models",
    ),
    Setting(
        "ask_before_download",
        "Ask before a download",
        True,
        "Show its source, size and licence first.",
        "Downloads",
    ),
    Setting(
        "mirror",
        "Mirror of the weights",
        "",
        "Address to fetch from instead, such as https://hf-mirror.com.",
        "Downloads",
    ),
    Setting(
        "proxy",
        "Proxy",
        "",
        "Such as http://proxy:3128; empty uses the one of the system.",
        "Downloads",
    ),
    Setting(
        "preview",
        "Preview while hovering",
        "auto",
        "The mask that a click would bring; auto shows it when the model is quick.",
        "Models",
        choices=("auto", "on", "off"),
    ),
    Setting(
        "encode_ahead",
        "Encode neighbours ahead",
        True,
        "Prepare the next and the previous image for clicks while nothing else runs.",
        "Models",
    ),
    Setting(
        "encoding_cache_gb",
        "Encodings on disk (GB)",
        4.0,
        "What models have seen of images, so that an image opened again is ready at "
        "once. 0 keeps nothing.",
        "Models",
        smallest=0.0,
        largest=1000.0,
    ),
    Setting(
        "brush_size",
        "Brush size",
        24,
        "Diameter in image pixels.",
        "Tools",
        smallest=1,
        largest=2000,
    ),
    Setting(
        "segment_opacity",
        "Opacity of segments",
        0.45,
        "0 shows the image only, 1 the segments only.",
        "Canvas",
        smallest=0.0,
        largest=1.0,
    ),
)
_ROWS = {row.key: row for row in SETTINGS}


def folders() -> dict[str, Path]:
    """Where settings, caches and models of this user lie.

    ``SEGGUI_HOME`` puts all three below one folder; ``SEGGUI_MODELS`` moves the models
    and ``SEGGUI_CACHE`` the caches.
    """
    home = os.environ.get("SEGGUI_HOME")
    if home:
        base = Path(home).expanduser()
        places = {"settings": base / "settings", "cache": base / "cache"}
        places["models"] = base / "models"
    else:
        cache = platformdirs.user_cache_path("seggui", appauthor=False)
        places = {
            "settings": platformdirs.user_config_path("seggui", appauthor=False),
            "cache": cache,
            "models": cache / "models",
        }
    for variable, what in (("SEGGUI_MODELS", "models"), ("SEGGUI_CACHE", "cache")):
        moved = os.environ.get(variable)
        if moved:
            places[what] = Path(moved).expanduser()
    return places


def sample_folder() -> Path:
    """Where the copy of the sample project lies that a person works on."""
    home = os.environ.get("SEGGUI_HOME")
    base = Path(home).expanduser() if home else platformdirs.user_documents_path()
    return base / "seggui-sample"


class Settings:
    """The settings of this user, in memory; ``save`` writes them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: dict[str, object] = {}
        self.problem = ""
        """One sentence when the file could not be used; defaults are in place."""

    @classmethod
    def load(cls) -> Settings:
        settings = cls(folders()["settings"] / "settings.json")
        settings._read()
        return settings

    @property
    def path(self) -> Path:
        return self._path

    def value(self, key: str) -> Value:
        value = self._values().get(key, _ROWS[key].default)
        assert isinstance(value, bool | int | float | str)  # checked when it came in
        return value

    def set(self, key: str, value: object) -> None:
        """Change one setting; raises ``BadRequest`` for a value it cannot have."""
        row = _ROWS.get(key)
        if row is None:
            raise BadRequest(f"There is no setting called {key}.")
        self._values()[key] = row.checked(value)

    @property
    def recent(self) -> tuple[Path, ...]:
        """Folders opened before, the newest first."""
        names = self._content.get("recent")
        if not isinstance(names, list):
            return ()
        return tuple(Path(name) for name in names if isinstance(name, str))

    def remember(self, folder: Path) -> None:
        """Put a folder at the top of the recent ones."""
        first = Path(os.path.abspath(folder))  # noqa: PTH100 - keeps links as opened
        rest = [path for path in self.recent if path != first]
        self._content["recent"] = [str(p) for p in [first, *rest][:MOST_RECENT]]

    def blob(self, key: str) -> str:
        """A text somebody keeps here, such as the window's layout; may be empty."""
        blobs = self._content.get("blobs")
        text = blobs.get(key, "") if isinstance(blobs, dict) else ""
        return text if isinstance(text, str) else ""

    def set_blob(self, key: str, text: str) -> None:
        blobs = self._content.get("blobs")
        if not isinstance(blobs, dict):
            blobs = self._content["blobs"] = {}
        blobs[key] = text

    def save(self) -> None:
        """Write them; raises ``SaveFailed``."""
        content = {"format": 1, **self._content}
        text = json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False)
        make_folder(self._path.parent)
        write_whole(self._path, text.encode("ascii"))

    def _values(self) -> dict[str, object]:
        values = self._content.get("values")
        if not isinstance(values, dict):
            values = self._content["values"] = {}
        return values

    def _read(self) -> None:
        try:
            # What JSON has no number for could not be written again.
            content = json.loads(
                self._path.read_bytes(), parse_float=_finite, parse_constant=_nothing
            )
        except FileNotFoundError:
            return
        except OSError as error:
            self._distrust(error.strerror or "it cannot be read")
            return
        except (ValueError, RecursionError):
            self._distrust("it is damaged")
            return
        if not isinstance(content, dict):
            self._distrust("it is damaged")
            return
        self._content = content
        self._drop_nonsense()

    def _drop_nonsense(self) -> None:
        values, wrong = self._values(), []
        for key in list(values):
            row = _ROWS.get(key)
            if row is None:
                continue  # of a newer version; kept
            try:
                values[key] = row.checked(values[key])
            except SegguiError:
                wrong.append(row.label)
                del values[key]
        if wrong:
            self._distrust(f"it holds no usable value for {', '.join(wrong)}")

    def _distrust(self, reason: str) -> None:
        self.problem = (
            f"Could not use all of the settings in {self._path}: {reason}. "
            "The defaults are used for what is missing; your images are not affected."
        )


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _nothing(_word: str) -> None:
    """For ``NaN`` and ``Infinity``."""
