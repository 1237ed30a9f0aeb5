"""The file dialog: a preview beside the list, read in the background, and the file that was chosen."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QLineEdit, QToolButton, QTreeView

from faceeditor.gui.controllers import head_reader
from faceeditor.gui.dialogs.file_dialog import FileDialog, files_of
from faceeditor.gui.imaging import from_qimage, to_qimage
from faceeditor.gui.settings import settings
from faceeditor.gui.snapshot import pump
from faceeditor.portrait import store
from tests.gui.head_input import when_modal
from tests.patience import WAIT

CONTROL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton


@dataclass(frozen=True, eq=False)
class SlowRead:
    """A head that is read until the test lets go."""

    begun: threading.Event
    go_on: threading.Event

    def run(self, context):
        self.begun.set()
        assert self.go_on.wait(10 * WAIT)


@pytest.fixture
def app(run, monkeypatch):
    """A program that is busy with reading a head: previews do not wait for that."""
    monkeypatch.setattr(head_reader, "_IDLE_MS", 10_000_000)
    program = run()
    begun, go_on = threading.Event(), threading.Event()
    program.session.bridge.run(SlowRead(begun, go_on))
    assert begun.wait(WAIT)
    yield program
    go_on.set()


@pytest.fixture
def folder(app, tmp_path):
    """A folder with a photograph, a portrait and something else, where dialogs begin."""
    to_qimage(np.full((60, 90, 3), (200, 30, 20), np.uint8)).save(str(tmp_path / "a photo.png"))
    store.save(app.portrait, tmp_path / "a portrait.fep", app.session.frame.pixels)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    settings().setValue("folder", str(tmp_path))
    return tmp_path


def click(dialog, name):
    """Click a file in the list, as soon as the list shows it."""
    view = dialog.findChild(QTreeView, "treeView")
    found = []

    def look():
        model, root = view.model(), view.rootIndex()
        rows = [model.index(row, 0, root) for row in range(model.rowCount(root))]
        found[:] = [index for index in rows if index.data() == name]
        return bool(found)

    assert pump(look, WAIT), f"{name} is not listed"
    view.scrollTo(found[0])
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(found[0]).center())


def choose_file(dialog, name):
    """Click a file until it is the chosen one: while the list is still being sorted, rows move under the pointer."""
    for _ in range(60):
        click(dialog, name)
        if pump(lambda: [Path(file).name for file in dialog.selectedFiles()] == [name], 1):
            return
    raise AssertionError(f"{name} is not chosen: {dialog.selectedFiles()}")


def test_previews_of_what_is_chosen_and_the_file_that_is_opened(app, folder):
    seen = {}

    def choose(dialog):
        try:
            look(dialog)
            QTest.mouseClick(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open), LEFT)
        finally:
            if dialog.isVisible():
                dialog.reject()

    def look(dialog):
        pane = dialog.preview
        assert pane is not None and pane.isVisible()
        for name in ("a photo.png", "a portrait.fep", "broken.png", "a photo.png"):
            choose_file(dialog, name)
            assert pump(lambda: pane._job is None and pane.name.text() == name, WAIT)  # noqa: B023
            seen[name] = (not pane.picture.pixmap().isNull(), pane.facts.text(), pane.picture.text())

    taken = []
    app.files.take_drop = taken.append
    timer = when_modal(FileDialog, choose)
    QTest.keyClick(app.canvas, Qt.Key.Key_O, CONTROL)
    assert not timer.isActive() and taken == [folder / "a photo.png"]
    assert seen["a photo.png"][:2] == (True, "90 x 60 pixels")
    assert seen["a portrait.fep"][:2] == (True, "Portrait")
    assert seen["broken.png"] == (False, "", "No preview")


def test_cancel_chooses_nothing_and_a_name_is_proposed_for_saving(app, folder):
    timer = when_modal(FileDialog, lambda dialog: dialog.reject())
    assert app.files.ask_open("Open", "All files (*)") is None and not timer.isActive()
    timer = when_modal(FileDialog, lambda dialog: dialog.accept())
    assert app.files.ask_save("Save", "new.fep", "Portraits (*.fep)") == folder / "new.fep"


def test_the_kind_of_a_file_to_write_is_named_and_a_name_gets_its_ending(app, folder):
    seen = {}

    def name_it(dialog):
        seen["kind"] = dialog.findChild(QComboBox, "fileTypeCombo").currentText()
        dialog.findChild(QLineEdit, "fileNameEdit").setText("mine")
        dialog.accept()

    timer = when_modal(FileDialog, name_it)
    chosen = app.files.ask_save("Export", "face.tif", files_of(".tif"))
    assert not timer.isActive() and chosen == folder / "mine.tif" and seen["kind"] == "TIF files"


def test_a_folder_is_asked_for(app, folder):
    (folder / "inside").mkdir()

    def name_it(dialog):
        assert dialog.preview is None
        dialog.findChild(QLineEdit, "fileNameEdit").setText("inside")
        dialog.accept()

    timer = when_modal(FileDialog, name_it)
    assert FileDialog(app.session.bridge, "Into", str(folder), "").ask() == folder / "inside" and not timer.isActive()


def test_buttons_above_the_list_are_seen_on_the_dark_ground(app, folder):
    dialog = FileDialog(app.session.bridge, "Open", str(folder), "All files (*)")
    for name in ("backButton", "forwardButton", "toParentButton", "newFolderButton", "listModeButton"):
        button = dialog.findChild(QToolButton, name)
        button.setEnabled(True)
        drawn = from_qimage(button.icon().pixmap(18, 18).toImage()).max(2)
        assert drawn.max() > 120, name
    dialog.deleteLater()
