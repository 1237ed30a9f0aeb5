"""The page of imported generators: a window of its own beside the portrait."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.errors import FaceEditorError
from faceeditor.export.picture import sheet, write_picture
from faceeditor.generators.imported.installed import Installed, is_checkpoint
from faceeditor.gui.controllers.generator_controller import GeneratorController
from faceeditor.gui.dialogs.file_dialog import FileDialog
from faceeditor.gui.dialogs.generator_controls import TILES, GeneratorControls, Mode
from faceeditor.gui.settings import last_folder, remember_folder
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.dialog_parts import MessageLabel, WorkBar, push_button
from faceeditor.gui.widgets.face_board import COLUMNS, FaceBoard
from faceeditor.gui.widgets.rename_keys import RenameKeys
from faceeditor.paths import cache_dir

_ICON = 48
_LEAST_PHOTO = 512
"""Side that a smaller face is enlarged to before it is used as a photo."""


class GeneratorsPage(QDialog):
    """Choose a generator, draw with it, use a face as a photo of the portrait.

    Args:
        generators: does the work.
        use_photo: takes the file of a face, as a photo that was dropped.
        parent: the main window.
    """

    def __init__(
        self, generators: GeneratorController, use_photo: Callable[[Path], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.generators = generators
        self._use_photo = use_photo
        self._draws = 0
        self.setWindowTitle(self.tr("Imported generators"))
        self.setAcceptDrops(True)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 18)
        outer.setSpacing(20)
        outer.addLayout(self._list_column())
        outer.addLayout(self._control_column())
        self.board = self._face_board()
        outer.addWidget(self.board, 1)
        generators.generators_changed.connect(self._fill_list)
        generators.face_ready.connect(self.board.show_face)
        generators.work_started.connect(self._begin)
        generators.work_progress.connect(self.bar.show_share)
        generators.work_ended.connect(self._end)
        self._fill_list("")

    # Building.

    def _list_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label(self.tr("Imported generators"), "dialogTitle"))
        self.list = QListWidget()
        self.list.setFixedWidth(210)
        self.list.setIconSize(QSize(_ICON, _ICON))
        self.list.setAccessibleName(self.tr("Generators"))
        self.list.currentItemChanged.connect(self._change_generator)
        RenameKeys(self.list, renames=False).delete_wanted.connect(self._ask_and_remove)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        column.addWidget(self.list, 1)
        self.add = QPushButton(self.tr("Import ..."))
        self.add.setAutoDefault(False)
        menu = QMenu(self.add)
        menu.addAction(self.tr("StyleGAN2 or StyleGAN3 (.pkl) ..."), self._ask_file)
        menu.addAction(self.tr("GAN-Control folder ..."), self._ask_folder)
        self.add.setMenu(menu)
        self.remove = push_button(self.tr("Remove"), self._ask_and_remove)
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.remove)
        column.addLayout(row)
        hint = label(self.tr("Or drop a .pkl file here. Nothing in the file is run."), "hint")
        hint.setWordWrap(True)
        column.addWidget(hint)
        return column

    def _control_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(12)
        self.controls = GeneratorControls()
        self.controls.setFixedWidth(300)
        self.controls.changed.connect(self._redraw)
        column.addWidget(self.controls)
        self.draw_button = push_button(self.tr("Draw"), self.draw, default=True)
        self.stop = push_button(self.tr("Stop"), self.generators.cancel)
        row = QHBoxLayout()
        row.addWidget(self.draw_button)
        row.addWidget(self.stop)
        column.addLayout(row)
        self.bar = WorkBar()
        column.addWidget(self.bar)
        self.message = MessageLabel(3, 300)
        column.addWidget(self.message)
        column.addStretch(1)
        return column

    def _face_board(self) -> FaceBoard:
        board = FaceBoard(TILES)
        self.use = push_button(self.tr("Use in the portrait ..."), self.use_chosen)
        self.use.setToolTip(self.tr("Take this face as a photo: its style, its head, or the whole person"))
        self.save = push_button(self.tr("Save picture ..."), self._ask_and_save)
        self.save_sheet = push_button(self.tr("Save sheet ..."), self._ask_and_save_sheet)
        self.save_sheet.setToolTip(self.tr("All faces in one picture"))
        self.play = push_button(self.tr("Play"), lambda: board.play(not board.playing))
        for button in (self.use, self.save, self.save_sheet, self.play):
            board.side.addWidget(button)
        board.side.addStretch(1)
        board.activated.connect(self._take_as_first)
        board.changed.connect(self._refresh)
        return board

    # The list.

    def _fill_list(self, chosen: str) -> None:
        entries = self.generators.generators()
        wanted = chosen or self.name
        self.list.blockSignals(True)
        self.list.clear()
        for entry in entries:
            item = QListWidgetItem(QIcon(str(entry.preview)), entry.name)
            item.setData(Qt.ItemDataRole.UserRole, entry)
            item.setToolTip(self.tr("Comes with Face Editor") if entry.carried else str(entry.folder))
            self.list.addItem(item)
            if entry.name == wanted:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None and entries:
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._change_generator()
        if not entries:
            self.message.say(self.tr("Import a generator first: StyleGAN2, StyleGAN3 or GAN-Control."))

    @property
    def entry(self) -> Installed | None:
        """The chosen generator."""
        item = self.list.currentItem()
        return None if item is None else item.data(Qt.ItemDataRole.UserRole)

    @property
    def name(self) -> str:
        """Name of the chosen generator, or ""."""
        return "" if self.entry is None else self.entry.name

    def _change_generator(self) -> None:
        entry = self.entry
        self.controls.show_latents(*((0, ()) if entry is None else (entry.classes, entry.groups)))
        self.board.clear()
        if self.isVisible() and not self.generators.importing:
            self._redraw()

    def _ask_file(self) -> None:
        self._ask_and_import(self.tr("Import a generator"), self.tr("Checkpoints (*.pkl *.pickle)"))

    def _ask_folder(self) -> None:
        self._ask_and_import(self.tr("Import a GAN-Control folder"), "")

    def _ask_and_import(self, title: str, kinds: str) -> None:
        """Ask for a file, or for a folder if there are no kinds, and import it."""
        path = FileDialog(self.generators.bridge, title, last_folder(), kinds, parent=self).ask()
        if path is not None:
            remember_folder(path)
            self.import_from(path)

    def import_from(self, source: Path) -> None:
        """Import a checkpoint; the list shows it when it is done."""
        self.generators.import_from(source)

    def _show_menu(self, place: QPoint) -> None:
        if self.list.itemAt(place) is not None:
            menu = self.build_menu()
            menu.exec(self.list.viewport().mapToGlobal(place))
            menu.deleteLater()

    def build_menu(self) -> QMenu:
        """The menu of the chosen generator."""
        menu = QMenu(self)
        remove = menu.addAction(self.tr("Remove ...") + "\tDel", self._ask_and_remove)
        remove.setEnabled(self.remove.isEnabled())
        return menu

    def _ask_and_remove(self) -> None:
        if self.entry is not None and not self.entry.carried and self.ask_remove(self.name):
            self.generators.remove(self.name)

    def ask_remove(self, name: str) -> bool:
        """Ask whether to delete a generator; tests put their own answer in its place."""
        question = self.tr("Delete the imported generator “{name}”? The file it came from stays.").format(name=name)
        answer = QMessageBox.question(self, self.tr("Remove generator"), question)
        return answer == QMessageBox.StandardButton.Yes

    # Drawing.

    def _redraw(self) -> None:
        """Draw what is chosen now; pictures of one person take long and wait for the button."""
        if self.controls.mode is Mode.PERSON:
            self.board.clear()
            self.message.say(self.tr("Draw: learns what makes this person, then draws the person anew (ExFaceGAN)."))
        elif not self.generators.importing:
            self.draw()

    def draw(self) -> None:
        """Draw the tiles; faces that are shown stay until others take their places."""
        if not self.name:
            return
        self.controls.settle()
        controls = self.controls
        if controls.mode is Mode.PERSON:
            self.board.clear()
            self._draws += 1
            self.generators.draw_same_person(
                self.name,
                controls.recipe(),
                TILES - 1,
                controls.variety.real,
                int(controls.pool.currentData()),
                controls.across.isChecked(),
                self._draws,
            )
        else:
            recipes = controls.recipes()
            self.board.clear(len(recipes))
            self.generators.draw(self.name, recipes)

    def _begin(self, sentence: str) -> None:
        self.bar.show_share(0.0)
        self.message.say(sentence)
        self._refresh()

    def _end(self, sentence: str, problem: bool) -> None:
        self.message.say(sentence, problem)
        self._refresh()

    def _refresh(self) -> None:
        working = self.generators.working
        self.stop.setEnabled(working)
        self.bar.setVisible(working)
        self.draw_button.setEnabled(bool(self.name) and not self.generators.importing)
        self.remove.setEnabled(self.entry is not None and not self.entry.carried)
        chosen = self.board.chosen is not None
        self.use.setEnabled(chosen)
        self.save.setEnabled(chosen)
        self.save_sheet.setEnabled(chosen)
        self.play.setEnabled(self.board.filled > 1)
        self.play.setText(self.tr("Pause") if self.board.playing else self.tr("Play"))

    # The chosen face.

    def _take_as_first(self, number: int) -> None:
        """A double click on a face of a seed makes it the first one."""
        if self.controls.mode is Mode.FACES and number in self.board.faces:
            self.controls.set_seed(int(self.board.faces[number].title))

    def use_chosen(self) -> None:
        """Hand the chosen face to the portrait, as a photo that is dropped."""
        face = self.board.chosen
        if face is None:
            return
        path = cache_dir() / "generated" / f"{self.name} {face.title.replace('/', '-')}.png"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, as_photo(face.pixels))
        except (OSError, FaceEditorError) as error:
            self.message.say(str(error), problem=True)
            return
        self._use_photo(path)

    def _ask_and_save(self) -> None:
        face = self.board.chosen
        path = None if face is None else self._ask_save(self.tr("Save picture"), face.title)
        if path is not None:
            self.save_to(path)

    def _ask_and_save_sheet(self) -> None:
        path = self._ask_save(self.tr("Save sheet"), self.tr("sheet"))
        if path is not None:
            self.save_to(path, all_faces=True)

    def _ask_save(self, title: str, ending: str) -> Path | None:
        kinds, proposal = self.tr("Pictures (*.png *.jpg *.webp *.tif)"), f"{self.name}-{ending}.png"
        return FileDialog(self.generators.bridge, title, last_folder(), kinds, proposal, self).ask()

    def save_to(self, path: Path, all_faces: bool = False) -> None:
        """Write the chosen face, or all faces side by side, in their own size."""
        face = self.board.chosen
        if face is None:
            return
        path = path if path.suffix else path.with_suffix(".png")
        shown = [self.board.faces[number].pixels for number in sorted(self.board.faces)]
        try:
            write_picture(path, sheet(shown, COLUMNS) if all_faces else face.pixels)
        except FaceEditorError as error:
            self.message.say(str(error), problem=True)
            return
        remember_folder(path)
        self.message.say(self.tr("Saved “{name}”.").format(name=path.name))

    # Events.

    def open(self) -> None:
        """Show the page and draw, if nothing is shown yet."""
        self.show()
        self.raise_()
        self.activateWindow()
        if not self.board.filled and not self.generators.working:
            self._redraw()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        found = self._dropped(event)
        if found:
            event.acceptProposedAction()
            # After the drop is over: the other program must not wait.
            QTimer.singleShot(0, self, lambda: self.import_from(found[0]))

    @staticmethod
    def _dropped(event: QDropEvent) -> list[Path]:
        """The dropped files and folders that may be generators."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        return [path for path in paths if is_checkpoint(path)]

    def closeEvent(self, event: QCloseEvent) -> None:
        self.board.play(False)
        if not self.generators.importing:
            self.generators.cancel()
        super().closeEvent(event)


def as_photo(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A face as large as the search for faces in photos needs it."""
    side = pixels.shape[0]
    if side >= _LEAST_PHOTO:
        return pixels
    enlarged = cv2.resize(pixels, (_LEAST_PHOTO, _LEAST_PHOTO), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.uint8)
