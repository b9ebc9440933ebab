"""Everything the window can be told to do, in one table.

Menus, the tool bar, tool tips, the command palette and the shortcuts page all read it;
a new action is a new row. ``wish`` names a method as ``target.method``; the targets
are the session, the window, the canvas view, and the rooms for edits, tasks, engine.
"""

from __future__ import annotations

from dataclasses import dataclass

from seggui.gui.tools.table import TOOLS


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true now, as far as actions depend on it."""

    project: bool = False
    image: bool = False
    writable: bool = False
    segments: bool = False
    selected: bool = False
    several: bool = False
    candidate: bool = False
    candidates: bool = False
    offered: bool = False
    """Some segments of the document still have the status of a candidate."""
    marks: bool = False
    """A model was asked about something that is not accepted yet."""
    level: bool = False
    """The candidate has probabilities, so that a threshold can be set."""
    undo: bool = False
    redo: bool = False
    unsaved: bool = False


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One thing to do."""

    id: str
    text: str
    menu: str
    icon: str
    wish: str
    shortcut: str = ""
    tip: str = ""
    needs: tuple[str, ...] = ()
    """Names of ``Facts`` that must all be true."""
    argument: object = None
    """Given to the wish when it is not None."""
    checkable: bool = False
    group: str = ""
    """Checkable rows of one group exclude each other."""
    spots: tuple[str, ...] = ()
    """Where the shortcut works; empty is the whole window. Keys that fields and lists
    need themselves (Return, Tab, Delete) must not be taken from them."""
    gap: bool = False
    """A separator comes before it in the menu."""
    bar: bool = False
    """It is on the tool bar."""
    family: str = ""
    """Tools of one family share a button of the tool bar and a part of the menu."""

    def enabled(self, facts: Facts) -> bool:
        return all(getattr(facts, need) for need in self.needs)


MENUS = ("File", "Edit", "Segment", "Tools", "View", "Model", "Help")

# fmt: off
_EDIT = ("image", "writable")
_CHOSEN = ("image", "writable", "selected")
_CANVAS = ("canvas", "candidates")
_LIST = ("canvas", "segments")

_FILE = (
    ActionRow(
        "open_folder", "Open Folder…", "File", "open-folder", "tasks.open_folder",
        "Ctrl+O", "Open a folder of images", bar=True,
    ),
    ActionRow(
        "open_sample", "Open Sample Project", "File", "sample", "tasks.open_sample",
        tip="Open a copy of the images that come with the program",
    ),
    ActionRow(
        "save", "Save", "File", "save", "session.save", "Ctrl+S",
        "Save now; the work is also saved by itself", ("image", "writable"), gap=True,
        bar=True,
    ),
    ActionRow(
        "import", "Import…", "File", "import", "tasks.import_masks", "Ctrl+I",
        "Bring masks of another format into this project", ("project", "writable"),
        gap=True,
    ),
    ActionRow(
        "export", "Export…", "File", "export", "tasks.export_masks", "Ctrl+E",
        "Write the masks of this project in another format", ("project",), bar=True,
    ),
    ActionRow(
        "previous_image", "Previous Image", "File", "previous",
        "session.previous_image", "PgUp", "Go to the image before", ("project",),
        gap=True,
    ),
    ActionRow(
        "next_image", "Next Image", "File", "next", "session.next_image", "PgDown",
        "Go to the image after", ("project",),
    ),
    ActionRow(
        "done", "Image Is Done", "File", "done", "edits.toggle_done", "Ctrl+Return",
        "Mark this image as done; without segments it counts as background", _EDIT,
    ),
    ActionRow(
        "settings", "Settings…", "File", "settings", "tasks.settings", "Ctrl+,",
        "Theme, folders and behaviour", gap=True,
    ),
    ActionRow("quit", "Quit", "File", "quit", "window.close", "Ctrl+Q", gap=True),
)

_EDITS = (
    ActionRow(
        "undo", "Undo", "Edit", "undo", "edits.undo", "Ctrl+Z",
        "Take the last step back", ("undo", "writable"), bar=True,
    ),
    ActionRow(
        "redo", "Redo", "Edit", "redo", "session.redo", "Ctrl+Shift+Z",
        "Do the step again", ("redo", "writable"), bar=True,
    ),
    ActionRow(
        "select_all", "Select All Segments", "Edit", "select-all", "edits.select_all",
        "Ctrl+A", needs=("segments",), spots=_LIST, gap=True,
    ),
    ActionRow(
        "select_none", "Select Nothing", "Edit", "square", "edits.select_none",
        "Ctrl+Shift+A", needs=("selected",),
    ),
    ActionRow(
        "accept", "Accept Candidate", "Edit", "check", "edits.accept", "Return",
        "Turn the shown candidate into a segment, or finish what is being drawn",
        _EDIT, spots=_CANVAS, gap=True,
    ),
    ActionRow(
        "drop", "Drop Candidate", "Edit", "cross", "edits.drop", "Esc",
        "Forget the shown candidate and its marks, or the unfinished gesture",
        ("image",), spots=_CANVAS,
    ),
    ActionRow(
        "cycle", "Next Candidate", "Edit", "tab-next", "session.cycle_candidate",
        "Tab", "Show the next of the offered masks", ("candidates",), spots=_CANVAS,
    ),
    ActionRow(
        "take_back", "Take Back Last Mark", "Edit", "take-back", "edits.take_back",
        "Backspace", "Take back the last click, line or box; what was shown before "
        "comes back", ("marks",), spots=_CANVAS,
    ),
    ActionRow(
        "level_down", "Candidate: More Pixels", "Edit", "more", "session.step_level",
        ",", "Take pixels the model is less sure of as well", ("level",),
        argument=-0.05,
    ),
    ActionRow(
        "level_up", "Candidate: Fewer Pixels", "Edit", "less", "session.step_level",
        ".", "Take only pixels the model is surer of", ("level",), argument=0.05,
    ),
    ActionRow(
        "palette", "Find an Action…", "Edit", "palette", "window.show_palette",
        "Ctrl+Shift+P", "Search everything the program can do, and do it", gap=True,
    ),
)

_SEGMENT = (
    ActionRow(
        "delete", "Delete", "Segment", "trash", "edits.delete", "Del",
        "Delete the selected segments", _CHOSEN, spots=_LIST,
    ),
    ActionRow(
        "rename", "Rename", "Segment", "rename", "window.rename_segment", "F2",
        "Give the selected segment a name", _CHOSEN,
    ),
    ActionRow(
        "duplicate", "Duplicate", "Segment", "duplicate", "edits.duplicate", "Ctrl+D",
        "Put a copy of the selected segments on top", _CHOSEN,
    ),
    ActionRow(
        "merge_selected", "Merge Selected", "Segment", "merge", "edits.merge", "Ctrl+M",
        "Join the selected segments into the first", ("image", "writable", "several"),
    ),
    ActionRow(
        "fill_gap", "Fill the Gap to Neighbours", "Segment", "gap", "edits.fill_gap",
        tip="Let the selected segments grow to the borders of segments beside them",
        needs=_CHOSEN,
    ),
    ActionRow(
        "cut_by_neighbours", "Cut by Neighbours", "Segment", "overlap",
        "edits.cut_by_neighbours",
        tip="Take from the selected segments what other segments have too",
        needs=_CHOSEN,
    ),
    ActionRow(
        "to_top", "Bring to Top", "Segment", "to-top", "edits.to_top", "Ctrl+Shift+Up",
        "Put the selected segments above all others", _CHOSEN, gap=True,
    ),
    ActionRow(
        "to_bottom", "Send to Bottom", "Segment", "to-bottom", "edits.to_bottom",
        "Ctrl+Shift+Down", "Put the selected segments below all others", _CHOSEN,
    ),
    ActionRow(
        "hide", "Hide or Show Selected", "Segment", "eye", "edits.toggle_hidden",
        "Ctrl+H", "Hide the selected segments, or show them again", ("selected",),
        gap=True,
    ),
    ActionRow(
        "lock", "Lock or Unlock Selected", "Segment", "lock", "edits.toggle_locked",
        "Ctrl+L", "A locked segment cannot be changed", _CHOSEN,
    ),
    ActionRow(
        "accept_offered", "Accept All Predicted", "Segment", "done",
        "edits.accept_offered", "Ctrl+Shift+Return",
        "Accept every segment a model put on this image",
        ("image", "writable", "offered"), gap=True,
    ),
    ActionRow(
        "reject_offered", "Reject All Predicted", "Segment", "cross",
        "edits.reject_offered",
        tip="Remove every segment a model put here that was not accepted",
        needs=("image", "writable", "offered"),
    ),
    ActionRow(
        "add_class", "New Class…", "Segment", "plus", "tasks.add_class", "Ctrl+N",
        "Add a class to the project", ("project", "writable"), gap=True,
    ),
)

_CLASS_KEYS = tuple(
    ActionRow(
        f"class_{number}", f"Use Class {number}", "Segment", "classes",
        "edits.use_class_number", str(number),
        "Draw with this class; selected segments get it", ("project",), argument=number,
        gap=number == 1,
    )
    for number in range(1, 10)
)

_TOOLS = tuple(
    ActionRow(
        f"tool_{row.id}", row.title, "Tools", row.icon, "session.set_tool",
        row.shortcut, row.hint, argument=row.id, checkable=True, group="tool",
        family=row.family,
    )
    for row in TOOLS
)

_VIEW = (
    ActionRow(
        "zoom_in", "Zoom In", "View", "zoom-in", "canvas.zoom_in", "Ctrl++",
        needs=("image",),
    ),
    ActionRow(
        "zoom_out", "Zoom Out", "View", "zoom-out", "canvas.zoom_out", "Ctrl+-",
        needs=("image",),
    ),
    ActionRow(
        "zoom_fit", "Fit Image", "View", "zoom-fit", "canvas.zoom_fit", "Ctrl+0",
        "Show the whole image", ("image",), bar=True,
    ),
    ActionRow(
        "zoom_one", "Actual Pixels", "View", "zoom-one", "canvas.zoom_100", "Ctrl+1",
        "Show one image pixel on one screen pixel", ("image",), bar=True,
    ),
    ActionRow(
        "zoom_selection", "Zoom to Selection", "View", "zoom-selection",
        "edits.zoom_to_selection", "Ctrl+2", "Fill the view with the selected segments",
        ("selected",),
    ),
    ActionRow(
        "hide_segments", "Hide or Show All Segments", "View", "eye-off",
        "edits.toggle_segments_layer", "Ctrl+T", "See the image alone", ("image",),
        gap=True,
    ),
    ActionRow(
        "uncertainty", "Hide or Show Uncertainty", "View", "layers",
        "edits.toggle_uncertainty_layer", "Ctrl+U",
        "See where the candidate, or the last prediction, is unsure", ("image",),
    ),
    ActionRow(
        "fullscreen", "Full Screen", "View", "fullscreen", "window.toggle_fullscreen",
        "F11", gap=True,
    ),
    ActionRow(
        "reset_layout", "Default Layout", "View", "layout", "window.reset_layout",
        tip="Put every panel back where it was at first",
    ),
    ActionRow(
        "theme_system", "Theme of the System", "View", "theme", "tasks.set_theme",
        argument="system", checkable=True, group="theme", gap=True,
    ),
    ActionRow(
        "theme_light", "Light Theme", "View", "circle", "tasks.set_theme",
        argument="light", checkable=True, group="theme",
    ),
    ActionRow(
        "theme_dark", "Dark Theme", "View", "theme", "tasks.set_theme",
        argument="dark", checkable=True, group="theme",
    ),
)

_MODEL = (
    ActionRow(
        "predict", "Predict This Image", "Model", "predict", "tasks.predict_image",
        "Ctrl+R", "Let the chosen full-image model find everything here", _EDIT,
    ),
    ActionRow(
        "predict_rest", "Predict the Untouched Images", "Model", "predict-rest",
        "tasks.predict_rest", "Ctrl+Shift+R",
        "Let the chosen full-image model label every image without segments",
        ("project", "writable"),
    ),
    ActionRow(
        "propagate", "Propagate…", "Model", "propagate", "tasks.propagate", "Ctrl+G",
        "Carry the segments of this image to the next or earlier ones: frames, slices",
        ("image", "writable", "segments"), gap=True,
    ),
    ActionRow(
        "propagate_next", "Propagate to Next Image", "Model", "next",
        "tasks.propagate_to_next", "Ctrl+Shift+G",
        "Carry the segments of this image to the next one and go there",
        ("image", "writable", "segments"),
    ),
    ActionRow(
        "everything", "Segment Everything…", "Model", "everything",
        "engine.segment_everything", "Ctrl+Shift+E",
        "Let the model for clicks find every object in this image", _EDIT, gap=True,
    ),
    ActionRow(
        "encode_folder", "Encode the Folder", "Model", "encode", "engine.encode_folder",
        tip="Let the model for clicks look at every image now, so that all are ready "
        "for the first click", needs=("image",),
    ),
    ActionRow(
        "clear_encodings", "Clear the Encoding Cache", "Model", "trash",
        "engine.clear_encodings",
        tip="Remove from the disk what models have seen of images; it is made again",
    ),
    ActionRow(
        "rank", "Order Images by Uncertainty", "Model", "sort", "tasks.rank_images",
        tip="Put first what the chosen model is least sure of", needs=("project",),
    ),
    ActionRow(
        "refine", "Refine Selected", "Model", "refine", "tasks.refine_selected",
        "Ctrl+Shift+F", "Apply the recipe of the Refine panel to the selected segments",
        _CHOSEN, gap=True,
    ),
    ActionRow(
        "train", "Train a Model", "Model", "training", "window.show_training",
        "Ctrl+Shift+T", "Show the Train panel", ("project",), gap=True,
    ),
    ActionRow(
        "teach", "Teach the Click Network", "Model", "tool-point", "tasks.teach",
        tip="Let the model for clicks learn from the segments of this project, some "
        "minutes in the background; the one in the box stays in the list",
        needs=("image", "writable"),
    ),
    ActionRow(
        "stop_engine", "Restart the Engine", "Model", "reset", "tasks.restart_engine",
        tip="End the process that runs the models; it starts again when needed",
        gap=True,
    ),
)

_HELP = (
    ActionRow(
        "shortcuts", "Keyboard Shortcuts", "Help", "keyboard", "tasks.show_shortcuts",
        "F1", "All keys and gestures, to search and to print",
    ),
    ActionRow("about", "About seggui", "Help", "about", "tasks.show_about", gap=True),
)

ACTIONS: tuple[ActionRow, ...] = (
    *_FILE, *_EDITS, *_SEGMENT, *_CLASS_KEYS, *_TOOLS, *_VIEW, *_MODEL, *_HELP,
)

# fmt: on


def tool_tip(row: ActionRow, keys: str) -> str:
    """The tip of an action, with its keys as this system writes them."""
    title = row.text.removesuffix("…")
    lines = [f"{title}  ({keys})" if keys else title]
    if row.tip:
        lines.append(row.tip)
    return "\n".join(lines)
