"""What people wish of the engine as a whole: find everything, be ready, forget."""

from __future__ import annotations

import json

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from seggui.core.everything import options_of
from seggui.core.parameters import Settings
from seggui.errors import BadRequest, SegguiError
from seggui.files.atomic import size_in_words
from seggui.files.encodings import Contents, own_folder
from seggui.gui.dialogs.everything import EverythingDialog
from seggui.gui.session import Session

_REMEMBERED = "everything"


class EngineWishes(QObject):
    """One method for each wish; all of them are about the model for clicks."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window

    def segment_everything(self) -> None:
        """Ask how, then let the model find every object in the image."""
        if self._session.image is None:
            return
        dialog = EverythingDialog(self._title, self._usual(), self._window)
        dialog.wished.connect(self._segment)
        dialog.open()

    def encode_folder(self) -> None:
        """Let the model look at every image of the folder in the background."""
        self._session.encode_folder(self._title)

    def clear_encodings(self) -> None:
        """Remove the encodings of all images from the disk."""
        self._session.background.start(
            "disk", lambda _: own_folder().clear(), self._cleared, self._tell
        )

    @property
    def _title(self) -> str:
        chosen = self._session.chosen_model
        info = self._session.models.get(chosen)
        return info.title if info else chosen

    def _usual(self) -> Settings:
        """What was set last, as far as it still makes sense."""
        try:
            pairs = json.loads(self._session.settings.blob(_REMEMBERED) or "[]")
            usual = tuple((str(name), value) for name, value in pairs)
            options_of(usual)
        except (ValueError, TypeError, BadRequest):
            return ()
        return usual

    def _segment(self, settings: Settings) -> None:
        self._session.settings.set_blob(_REMEMBERED, json.dumps(settings))
        self._session.segment_everything(options_of(settings))

    def _cleared(self, gone: Contents) -> None:
        if gone.files:
            size = size_in_words(gone.nbytes)
            what = "encoding was" if gone.files == 1 else "encodings were"
            text = f"{gone.files} {what} removed from the disk ({size})."
        else:
            text = "The cache of encodings is empty."
        self._session.say(text)

    def _tell(self, error: SegguiError) -> None:
        self._session.say(str(error), "error")
