"""The dialog that asks for a file: the system's own where there is one, else Qt's with a preview beside the list."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QSize, QStandardPaths, Qt, QUrl
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHeaderView,
    QLabel,
    QSplitter,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from faceeditor.engine import JobContext
from faceeditor.errors import FaceEditorError
from faceeditor.gui.controllers.bridge import Bridge
from faceeditor.gui.icons import icon
from faceeditor.gui.imaging import reduced, to_qimage
from faceeditor.gui.widgets.basic import label
from faceeditor.images import open_picture
from faceeditor.portrait import store

_SIDE = 220
"""Side of the preview, in device-independent pixels."""
_SIDEBAR = 130
_SHARP = 2
"""Pixels of the preview for each of them."""
_ICONS = {
    "backButton": "left",
    "forwardButton": "right",
    "toParentButton": "up",
    "newFolderButton": "new-folder",
    "listModeButton": "grid",
    "detailModeButton": "menu",
}
"""Qt's names of the buttons above the list, whose own icons are drawn for a light window, and icons for them."""


def files_of(suffix: str) -> str:
    """The kind of files with an ending, as `.png`, for `FileDialog`."""
    kind = QCoreApplication.translate("FileDialog", "{kind} files").format(kind=suffix.removeprefix(".").upper())
    return f"{kind} (*{suffix})"


@dataclass(frozen=True, eq=False)
class FilePreview:
    """What a file shows.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB, reduced; None for a portrait that keeps no preview.
        size: width and height of the picture in pixels; None for a portrait.
    """

    pixels: npt.NDArray[np.uint8] | None
    size: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class PreviewFile:
    """Read a small picture of a portrait, a mask or a photograph -> `FilePreview`."""

    quick: ClassVar[bool] = True

    path: Path

    def run(self, context: JobContext) -> FilePreview:
        """Raises ImageError: the file is not a picture that can be read."""
        if self.path.suffix.lower() == store.SUFFIX:
            return FilePreview(store.load_preview(self.path), None)
        picture = open_picture(self.path)
        context.ticket.check()
        height, width = picture.shape[:2]
        return FilePreview(reduced(picture, _SIDE * _SHARP), (width, height))


class PreviewPane(QWidget):
    """The picture of the chosen file, its name and its size; read in the background."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._job: int | None = None
        self.setFixedWidth(_SIDE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.picture = QLabel()
        self.picture.setFixedSize(_SIDE, _SIDE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setObjectName("filePreview")
        self.picture.setAccessibleName(self.tr("Preview"))
        self.name = label("", "sectionTitle")
        self.name.setWordWrap(True)
        self.facts = label("", "hint")
        column.addWidget(self.picture)
        column.addWidget(self.name)
        column.addWidget(self.facts)
        column.addStretch(1)
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)
        self.show_file("")

    def show_file(self, name: str) -> None:
        """Read a file and show it; anything else shows nothing."""
        self.stop()
        self.picture.setPixmap(QPixmap())
        self.picture.setText(self.tr("No file chosen"))
        self.name.setText("")
        self.facts.setText("")
        path = Path(name)
        if name and path.is_file():
            self.name.setText(path.name)
            self.picture.setText(self.tr("Reading ..."))
            self._job = self._bridge.run(PreviewFile(path))

    def stop(self) -> None:
        """Read nothing any more."""
        if self._job is not None:
            self._bridge.cancel(self._job)
            self._job = None

    def _job_done(self, job: int, result: Any) -> None:
        if job != self._job:
            return
        self._job = None
        if result.pixels is None:
            self.picture.setText(self.tr("No preview"))
        else:
            ratio = self.devicePixelRatioF()
            side = round(_SIDE * ratio)
            pixmap = QPixmap.fromImage(to_qimage(result.pixels)).scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            pixmap.setDevicePixelRatio(ratio)
            self.picture.setPixmap(pixmap)
        if result.size is not None:
            self.facts.setText(self.tr("{w} x {h} pixels").format(w=result.size[0], h=result.size[1]))
        else:
            self.facts.setText(self.tr("Portrait"))

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._job:
            self._job = None
            self.picture.setText(self.tr("No preview"))


class FileDialog(QFileDialog):
    """Asks for one file, or for a folder.

    Args:
        bridge: reads previews.
        title: of the window.
        folder: where to begin.
        kinds: what can be chosen, as in `QFileDialog.setNameFilter`; empty: a folder is asked for.
        proposal: name of a file to write, whose ending a name without one gets; empty: a file to read is asked for.

    Attributes:
        preview: the pane beside the list; None in the system's own dialog, and for a folder.
    """

    def __init__(
        self, bridge: Bridge, title: str, folder: str, kinds: str, proposal: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, title, folder, kinds)
        self.preview: PreviewPane | None = None
        if proposal:
            self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            self.setDefaultSuffix(Path(proposal).suffix.removeprefix("."))
            self.selectFile(proposal)
        elif kinds:
            self.setFileMode(QFileDialog.FileMode.ExistingFile)
        else:
            self.setFileMode(QFileDialog.FileMode.Directory)
            self.setOption(QFileDialog.Option.ShowDirsOnly)
        grid = self.layout()
        if isinstance(grid, QGridLayout):  # the system has no dialog of its own
            if kinds:
                self._add_preview(bridge, grid)
            self.resize(980 if kinds else 740, 560)
            self._lay_out_list()
            self._set_icons()
            self.setLabelText(QFileDialog.DialogLabel.LookIn, self.tr("Folder:"))
            places = QStandardPaths.StandardLocation
            kept = (places.HomeLocation, places.PicturesLocation, places.DocumentsLocation, places.DownloadLocation)
            folders = dict.fromkeys(QStandardPaths.writableLocation(place) for place in kept)
            self.setSidebarUrls([QUrl.fromLocalFile(each) for each in folders if each and Path(each).is_dir()])

    def _add_preview(self, bridge: Bridge, grid: QGridLayout) -> None:
        self.preview = PreviewPane(bridge)
        grid.addWidget(self.preview, 0, grid.columnCount(), grid.rowCount(), 1)
        self.currentChanged.connect(self.preview.show_file)
        self.finished.connect(self.preview.stop)

    def _lay_out_list(self) -> None:
        """Give names the room, and leave out the column that repeats their endings."""
        tree, splitter = self.findChild(QTreeView, "treeView"), self.findChild(QSplitter)
        self.setOption(QFileDialog.Option.HideNameFilterDetails)
        if tree is not None and splitter is not None:
            header = tree.header()
            header.setStretchLastSection(False)
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            tree.setColumnHidden(2, True)
            splitter.setSizes([_SIDEBAR, self.width() - _SIDEBAR])

    def _set_icons(self) -> None:
        """Give the buttons above the list icons that are seen on a dark ground."""
        for name, drawn in _ICONS.items():
            button = self.findChild(QToolButton, name)
            if button is not None:
                button.setIcon(icon(drawn, 18))
                button.setIconSize(QSize(18, 18))

    def ask(self) -> Path | None:
        """Show the dialog and wait; None if it was cancelled."""
        chosen = self.selectedFiles() if self.exec() else []
        self.deleteLater()
        return Path(chosen[0]) if chosen else None
