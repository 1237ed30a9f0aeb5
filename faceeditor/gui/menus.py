"""The menu bar."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QMessageBox

from faceeditor import __version__
from faceeditor.gui.actions import Actions
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.panels.head_panel import group_title
from faceeditor.gui.settings import forget_files, recent_files
from faceeditor.gui.slots import bound
from faceeditor.portrait.head import GROUPS


def build_menus(
    window: QMainWindow,
    actions: Actions,
    docks: Iterable[QDockWidget],
    heads: HeadController,
    open_path: Callable[[Path], object],
) -> None:
    """Fill the window's menu bar.

    Args:
        window: the window.
        actions: its commands.
        docks: its panels.
        heads: copies, pastes and locks groups of the head.
        open_path: opens a recent file.
    """
    bar = window.menuBar()

    def menu(title: str, names: list[str]) -> QMenu:
        result = bar.addMenu(title)
        for name in names:
            if name:
                result.addAction(actions[name])
            else:
                result.addSeparator()
        return result

    file = menu(
        window.tr("&File"),
        [
            "new",
            "open",
            "open_photograph",
            "",
            "save",
            "save_as",
            "",
            "export",
            "video",
            "copy_face",
            "",
            "generators",
            "",
            "quit",
        ],
    )
    recent = QMenu(window.tr("Open &recent"), file)
    recent.aboutToShow.connect(lambda: _fill_recent(window, recent, open_path))
    file.insertMenu(actions["save"], recent)
    file.insertSeparator(actions["save"])
    menu(
        window.tr("&Edit"),
        ["undo", "redo", "", "paste", "", "select_all", "deselect", "invert_selection", "select_region", "",
         "transform", "clear_region", "mirror", "", "preferences"],
    )  # fmt: skip
    menu(
        window.tr("&Tools"),
        [
            "brush",
            "eraser",
            "fill",
            "lasso",
            "select",
            "push",
            "picker",
            "pan",
            "turn",
            "comb",
            "clear_comb",
            "",
            "smaller",
            "larger",
            "",
            "swap",
            "symmetry",
        ],
    )
    menu(window.tr("&Style"), ["new_style", "candidates", "photo"])
    head = menu(
        window.tr("&Head"),
        ["randomise", "random_identity", "random_expression", "random_pose", "random_light", "",
         "reset_pose", "reset_head", "", "board", "hold_identity", "limit", "attributes", "", "head_photo", "embed"],
    )  # fmt: skip
    _add_group_menus(window, head, heads)
    view = menu(
        window.tr("&View"),
        ["side", "focus", "overlay", "wipe", "pin", "", "head_over", "head_beside", "seams", "smooth_outlines", "",
         "fit", "actual", "zoom_in", "zoom_out", "", "flip", "rotate_left", "rotate_right", "upright", ""],
    )  # fmt: skip
    panels = view.addMenu(window.tr("Panels"))
    for name in (
        "style",
        "identity",
        "expression",
        "pose",
        "light",
        "person",
        "adjust",
        "navigator",
        "reference",
        "timing",
    ):
        panels.addAction(actions[f"panel_{name}"])
    panels.addSeparator()
    for dock in docks:
        panels.addAction(dock.toggleViewAction())
    view.addAction(actions["next_panel"])
    view.addAction(actions["reset_panels"])
    menu(window.tr("&Help"), ["keys", "messages", "", "about"])
    actions["about"].triggered.connect(lambda: _about(window))


def _add_group_menus(window: QMainWindow, menu: QMenu, heads: HeadController) -> None:
    """Copy, paste and lock by group."""
    menu.addSeparator()
    copy, paste, lock = (menu.addMenu(title) for title in (window.tr("&Copy"), window.tr("P&aste"), window.tr("Loc&k")))
    locks: dict[str, QAction] = {}
    for group in GROUPS:
        title = group_title(group)
        copy.addAction(title, bound(heads.copy, group))
        paste.addAction(title, bound(heads.paste, group))
        locks[group] = lock.addAction(title)
        locks[group].setCheckable(True)
        locks[group].triggered.connect(lambda on, chosen=group: heads.lock(chosen, on))

    def show() -> None:
        for group, action in locks.items():
            action.setChecked(heads.locked(group))

    heads.locks_changed.connect(show)


def _fill_recent(window: QMainWindow, menu: QMenu, open_path: Callable[[Path], object]) -> None:
    menu.clear()
    files = recent_files()
    for path in files:
        action = menu.addAction(path.name, bound(open_path, path))
        action.setToolTip(str(path))
    if files:
        menu.addSeparator()
        menu.addAction(window.tr("Clear the list"), forget_files)
    else:
        menu.addAction(window.tr("No recent files")).setEnabled(False)


def _about(window: QMainWindow) -> None:
    QMessageBox.about(
        window,
        window.tr("About Face Editor"),
        window.tr(
            "<p><b>Face Editor {version}</b></p><p>Paint a mask and see a face. The generator runs on this computer; "
            "nothing is uploaded.</p><p>Apache License 2.0. Made with Qt and PySide6 (LGPL).</p>"
        ).format(version=__version__),
    )
