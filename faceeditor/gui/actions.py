"""Every command of the window: one table of texts, shortcuts and icons for menus, buttons and the shortcut list."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from faceeditor.gui.canvas.tools import Tool
from faceeditor.gui.icons import icon


@dataclass(frozen=True)
class Command:
    """One row of the table: name, text, keys, icon, group of the key sheet, whether it is a switch."""

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    group: str = ""
    switch: bool = False


def plain_text(command: Command) -> str:
    """The text of a command as it stands in lists: without a mnemonic and dots."""
    return command.text.replace("&", "").removesuffix(" ...")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


def commands() -> tuple[Command, ...]:
    """The table in the window's language."""
    file, edit, tools, view, style = _tr("File"), _tr("Edit"), _tr("Tools"), _tr("View"), _tr("Style")
    head, panels = _tr("Head"), _tr("Panels")
    return (
        Command("new", _tr("&New from sample mask ..."), ("Ctrl+N",), "new", file),
        Command("open", _tr("&Open ..."), ("Ctrl+O",), "open", file),
        Command("open_photograph", _tr("Open p&hotograph ..."), ("Ctrl+Shift+O",), "photo", file),
        Command("save", _tr("&Save"), ("Ctrl+S",), "save", file),
        Command("save_as", _tr("Save &as ..."), ("Ctrl+Shift+S",), "", file),
        Command("export", _tr("&Export ..."), ("Ctrl+E",), "export", file),
        Command("video", _tr("Export a &video ..."), ("Ctrl+Shift+E",), "video", file),
        Command("generators", _tr("Imported &generators ..."), ("Ctrl+Shift+G",), "", file),
        Command("copy_face", _tr("&Copy face"), ("Ctrl+Shift+C",), "", file),
        Command("quit", _tr("&Quit"), ("Ctrl+Q",), "", file),
        Command("undo", _tr("&Undo"), ("Ctrl+Z",), "undo", edit),
        Command("redo", _tr("&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", edit),
        Command("paste", _tr("&Paste picture or head"), ("Ctrl+V",), "paste", edit),
        Command("clear_region", _tr("&Clear selection or region"), ("Del",), "", edit),
        Command("select_all", _tr("Select &all"), ("Ctrl+A",), "", edit),
        Command("deselect", _tr("&Deselect"), ("Ctrl+D",), "", edit),
        Command("invert_selection", _tr("&Invert selection"), ("Ctrl+Shift+I",), "", edit),
        Command("select_region", _tr("Select current &region"), ("Ctrl+Alt+A",), "", edit),
        Command("transform", _tr("&Transform selection"), ("Ctrl+T",), "transform", edit),
        Command("mirror", _tr("&Mirror mask"), ("Ctrl+M",), "", edit),
        Command("preferences", _tr("Pre&ferences ..."), ("Ctrl+,",), "", edit),
        Command("brush", _tr("Brush"), ("B",), "brush", tools, True),
        Command("eraser", _tr("Eraser"), ("E",), "eraser", tools, True),
        Command("fill", _tr("Fill"), ("G",), "fill", tools, True),
        Command("lasso", _tr("Lasso fill"), ("L",), "lasso", tools, True),
        Command("select", _tr("Select and move"), ("V",), "select", tools, True),
        Command("push", _tr("Push borders"), ("W",), "push", tools, True),
        Command("picker", _tr("Picker"), ("I",), "picker", tools, True),
        Command("pan", _tr("Pan"), ("H",), "pan", tools, True),
        Command("turn", _tr("Turn the head"), ("T",), "turn", tools, True),
        Command("comb", _tr("Comb"), ("C",), "comb", tools, True),
        Command("clear_comb", _tr("Clear comb strokes"), ("Shift+Del",), "", tools),
        Command("smaller", _tr("Smaller brush"), ("[",), "", tools),
        Command("larger", _tr("Larger brush"), ("]",), "", tools),
        Command("swap", _tr("Swap current and previous region"), ("X",), "swap", tools),
        Command("symmetry", _tr("Symmetry"), ("S",), "symmetry", tools, True),
        Command("new_style", _tr("&New style"), ("N",), "new-style", style),
        Command("candidates", _tr("&Choose a new style ..."), ("Alt+N",), "", style),
        Command("photo", _tr("Style from a &photo ..."), ("Ctrl+P",), "photo", style),
        Command("randomise", _tr("&Random head"), ("Shift+N",), "dice", head),
        Command("random_identity", _tr("Random &identity"), ("Ctrl+Shift+1",), "", head),
        Command("random_expression", _tr("Random &expression"), ("Ctrl+Shift+2",), "", head),
        Command("random_pose", _tr("Random &pose"), ("Ctrl+Shift+3",), "", head),
        Command("random_light", _tr("Random &light"), ("Ctrl+Shift+4",), "", head),
        Command("reset_pose", _tr("Reset pose to &detected"), ("Shift+R",), "", head),
        Command("reset_head", _tr("Reset &whole head to detected"), ("Ctrl+Shift+R",), "reset", head),
        Command("board", _tr("&Board of the same person ..."), ("Ctrl+B",), "", head),
        Command("head_photo", _tr("&Use from a photo ..."), (), "photo", head),
        Command("embed", _tr("Re&construct photo ..."), (), "", head),
        Command("hold_identity", _tr("&Hold identity"), ("Ctrl+I",), "unlock", head, True),
        Command("limit", _tr("Sliders and style &only in the region"), ("Ctrl+L",), "", head, True),
        Command("attributes", _tr("&Attributes ..."), ("Ctrl+Shift+A",), "", head),
        Command("side", _tr("&Side by side"), ("F2",), "side-by-side", view, True),
        Command("focus", _tr("One &large picture"), ("F5",), "one-large", view, True),
        Command("overlay", _tr("&Overlay"), ("F3",), "overlay", view, True),
        Command("wipe", _tr("&Before / after"), ("F4",), "wipe", view, True),
        Command("pin", _tr("Set the face as “&before”"), ("P",), "pin", view),
        Command("head_over", _tr("3D &head over the face"), ("F7",), "head-over", view, True),
        Command("head_beside", _tr("3D head &beside the face"), ("F8",), "head-beside", view, True),
        Command("smooth_outlines", _tr("Smooth mask &outlines"), ("Ctrl+Shift+M",), "", view, True),
        Command("seams", _tr("S&eams of the edit"), ("F9",), "seams", view, True),
        Command("fit", _tr("&Fit"), ("Ctrl+0",), "fit", view),
        Command("actual", _tr("100 %"), ("Ctrl+1",), "actual-size", view),
        Command("zoom_in", _tr("Zoom in"), ("Ctrl++", "Ctrl+="), "", view),
        Command("zoom_out", _tr("Zoom out"), ("Ctrl+-",), "", view),
        Command("flip", _tr("&Mirror view"), ("M",), "", view),
        Command("rotate_left", _tr("Rotate view left"), ("Ctrl+[",), "", view),
        Command("rotate_right", _tr("Rotate view right"), ("Ctrl+]",), "", view),
        Command("upright", _tr("Reset rotation"), ("Ctrl+Shift+0",), "", view),
        Command("next_panel", _tr("Next panel"), ("F6",), "", panels),
        Command("panel_style", _tr("Style"), ("Alt+1",), "", panels),
        Command("panel_identity", _tr("Identity"), ("Alt+2",), "", panels),
        Command("panel_expression", _tr("Expression"), ("Alt+3",), "", panels),
        Command("panel_pose", _tr("Pose"), ("Alt+4",), "", panels),
        Command("panel_light", _tr("Light"), ("Alt+5",), "", panels),
        Command("panel_person", _tr("Person"), ("Alt+6",), "", panels),
        Command("panel_adjust", _tr("Adjust"), ("Alt+7",), "", panels),
        Command("panel_navigator", _tr("Navigator"), ("Alt+8",), "", panels),
        Command("panel_reference", _tr("Reference"), ("Alt+9",), "", panels),
        Command("panel_timing", _tr("Timing"), (), "", panels),
        Command("reset_panels", _tr("&Reset panels"), (), "", panels),
        Command("keys", _tr("&Keyboard shortcuts"), ("F1",), "info", _tr("Help")),
        Command("messages", _tr("&Messages ..."), (), "", _tr("Help")),
        Command("about", _tr("&About Face Editor"), (), "", _tr("Help")),
    )


def gesture_keys() -> tuple[tuple[str, str], ...]:
    """Keys and gestures that are not commands: (key, what it does)."""
    return (
        (_tr("Space + drag"), _tr("Pan")),
        (_tr("Click a small picture"), _tr("Show it large")),
        (_tr("Middle button"), _tr("Pan")),
        (_tr("Ctrl + wheel"), _tr("Zoom at the cursor")),
        (_tr("Right button"), _tr("Palette of regions")),
        (_tr("1 ... 9, 0"), _tr("Select a region; again: the next of its kind")),
        (_tr("Shift + drag"), _tr("Brush size")),
        (_tr("Shift + click"), _tr("Line from the last stroke")),
        (_tr("Keypad 4, 6, 5"), _tr("Rotate the view; upright")),
        (_tr("Shift, Alt + select"), _tr("Add to, subtract from the selection")),
        (_tr("Enter, Esc"), _tr("Apply, cancel the transform")),
        (_tr("Arrow keys"), _tr("Move the selection by 1 px, with Shift by 10 px")),
        (_tr("Esc"), _tr("Cancel the stroke; clear the selection")),
        (_tr("Tab"), _tr("Hide or show the panels")),
        (_tr("Pen pressure"), _tr("Brush size")),
        (_tr("Pen's other end"), _tr("Eraser")),
        (_tr("Ctrl + click a style"), _tr("Blend with it")),
        (_tr("F2, Del on what was clicked"), _tr("Rename, delete a style, preset or adjustment")),
        (_tr("Double-click a slider"), _tr("Reset to the detected value")),
        (_tr("Shift + drag a slider"), _tr("Fine adjustment")),
        (_tr("Click a slider's value"), _tr("Type a number")),
        (_tr("Ctrl + drag"), _tr("Turn the head")),
        (_tr("Shift, turning"), _tr("Tilt the head")),
        (_tr("Alt, turning"), _tr("Move the gaze")),
    )


class Actions(dict[str, QAction]):
    """The actions by name, owned by a window; tools and view modes are exclusive groups.

    Args:
        owner: the window.
        keys: shortcuts of commands, the first of each shown in menus; by default those of the table.

    Attributes:
        shortcuts: the shortcuts of all commands, by name.
    """

    def __init__(self, owner: QWidget, keys: Mapping[str, tuple[str, ...]] | None = None) -> None:
        super().__init__()
        self.shortcuts: dict[str, tuple[str, ...]] = {}
        for command in commands():
            action = QAction(command.text, owner)
            action.setObjectName(command.name)
            action.setCheckable(command.switch)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            if command.icon:
                action.setIcon(icon(command.icon))
            owner.addAction(action)
            self[command.name] = action
        self.tools = self._group(owner, [tool.value for tool in Tool])
        self.set_keys(keys or {command.name: command.keys for command in commands()})
        self.modes = self._group(owner, ["side", "focus", "overlay", "wipe"])

    def set_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Give commands other shortcuts; menus and tool tips show them at once."""
        self.shortcuts |= keys
        for command in commands():
            own = self.shortcuts[command.name]
            self[command.name].setShortcuts([QKeySequence(key) for key in own])
            self[command.name].setToolTip(f"{plain_text(command)} ({own[0]})" if own else plain_text(command))

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The shortcuts of a command."""
        return self.shortcuts[name]

    def _group(self, owner: QWidget, names: list[str]) -> list[QAction]:
        group = QActionGroup(owner)
        for name in names:
            group.addAction(self[name])
        return [self[name] for name in names]
