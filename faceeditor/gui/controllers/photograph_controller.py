"""Controller of the photograph that the open portrait edits: opening, choosing faces, drawing what is seen, export."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from faceeditor.engine import Job
from faceeditor.engine.photo_edit import (
    SHOWN_SIDE,
    FindBoxes,
    FindFace,
    FoundBoxes,
    FoundFace,
    LoadPhotograph,
    OpenedPhotograph,
    OpenPhotograph,
    PrepareToOpen,
    edit_of_face,
)
from faceeditor.engine.photo_export import ExportedPhotograph, ExportPhotograph
from faceeditor.engine.photo_view import PhotoView, Rectangle, ViewPicture, ViewRequest
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.export.photograph import SaveOptions
from faceeditor.gui.canvas.canvas_view import CanvasView
from faceeditor.gui.canvas.photo_layer import PhotoLayer
from faceeditor.gui.controllers.bridge import EmitPreview, Pixels
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.imaging import reduced, to_qimage
from faceeditor.images import SourceImage
from faceeditor.interaction.view import Pane
from faceeditor.photo.placement import Placement
from faceeditor.portrait.document import Change, Portrait, ReplaceFaces, SelectFace, Snapshot
from faceeditor.portrait.state import FaceSource, FaceState, PortraitState

if TYPE_CHECKING:
    from faceeditor.photo.face import PhotoFace  # which loads numba

_SETTLE_MS = 60
MakeJob = Callable[[EmitPreview], Job]


class PhotographController(QObject):
    """Shows the photograph of the portrait on the canvas and edits its faces.

    Signals:
        opened: a portrait of a photograph that was asked for, to be put in the window (`Portrait`).
        changed: another photograph is there, or none.
        drawn: the canvas shows a newer picture of the edited photograph.
        noted: a sentence worth knowing.
        work_started: a sentence on long work that began; work_progress: fraction 0..1; work_ended: it is over.
        exported: path of a file that was written.
    """

    opened = Signal(object)
    changed = Signal()
    drawn = Signal()
    noted = Signal(str)
    work_started = Signal(str)
    work_progress = Signal(float)
    work_ended = Signal()
    exported = Signal(object)
    _raw_picture = Signal(int, object)
    _raw_failed = Signal(int, object)

    def __init__(self, session: PortraitSession, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self.session = session
        self.canvas = canvas
        self.source: SourceImage | None = None
        self.boxes: tuple[Rectangle, ...] = ()
        self.picture: ViewPicture | None = None
        self.full = False  # the picture on the canvas is of the present revision in full quality
        self._digest = ""
        self._faces: dict[FaceSource, PhotoFace] = {}
        self._job: int | None = None
        self._box_job: int | None = None
        self._kind = ""
        self._prepared = False
        self._reduced: QImage | None = None
        self._view = PhotoView(session.bridge.engine.render)
        self._epoch = 0
        self._told = ""
        self._settle = QTimer(self, interval=_SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(lambda: self._draw(quick=False))
        queued = Qt.ConnectionType.QueuedConnection
        self._raw_picture.connect(self._take_picture, queued)
        self._raw_failed.connect(self._take_failure, queued)
        bridge = session.bridge
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)
        bridge.job_progress.connect(self._job_progress)
        bridge.preview_ready.connect(self._job_shows)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._follow_portrait)
        canvas.view_changed.connect(self._settle.start)

    # What is open.

    @property
    def shown(self) -> bool:
        """Whether the portrait has a photograph that is decoded."""
        return self.source is not None

    @property
    def working(self) -> bool:
        """Whether long work is under way."""
        return self._job is not None

    def found_face(self, face: FaceState) -> "PhotoFace | None":
        """A face of the portrait as it was found in the photograph; None without one, or while it is not decoded."""
        return None if face.source is None else self._faces.get(face.source)

    def prepare(self) -> None:
        """Load what opening a photograph needs, while a file is being chosen."""
        if not self._prepared:
            self._prepared = True
            self.session.bridge.run(PrepareToOpen())

    def open(self, path: Path, face: int = 0) -> None:
        """Read a photograph and one of its faces in the background; `opened` brings the portrait."""
        sentence = self.tr("Opening {name}").format(name=path.name)
        self._start("open", lambda show: OpenPhotograph(path, face, show), sentence)

    def choose_face(self, index: int) -> None:
        """Edit another face of the photograph, counted as its boxes; read first if it is not in the portrait yet."""
        state = self.session.portrait.state()
        if self.source is None or not 0 <= index < len(self.boxes):
            return
        known = self._face_of_box(state, index)
        self.session.end_open_work()
        if known is not None:
            self.session.guarded(lambda: self.session.portrait.apply(SelectFace(known)))
        else:
            source = self.source
            make: MakeJob = lambda show: FindFace(source, index, upright=True, quick=True)  # noqa: E731
            self._start("face", make, self.tr("Reading the face"))

    def _face_of_box(self, state: PortraitState, index: int) -> int | None:
        """Which face of the portrait a box belongs to."""
        box = self.boxes[index]
        for number, face in enumerate(state.faces):
            if face.source is not None and _shared(face.source.box, box) > 0.5:
                return number
        return None

    def _box_of_face(self, face: FaceState) -> int | None:
        source = face.source
        if source is None or not self.boxes:
            return None
        shares = [_shared(source.box, box) for box in self.boxes]
        best = int(np.argmax(shares))
        return best if shares[best] > 0.5 else None

    # Long work.

    def _start(self, kind: str, make: MakeJob, sentence: str) -> None:
        self.cancel_work()
        self._kind = kind
        self._reduced = None
        self._job = self.session.bridge.run_with_previews(make)
        self.work_started.emit(sentence)

    def cancel_work(self) -> None:
        """Stop opening, reading or exporting."""
        if self._job is not None:
            self.session.bridge.cancel(self._job)
            self._end_work()

    def _end_work(self) -> None:
        self._job = None
        self.canvas.show_opening(None)
        self.work_ended.emit()

    def _job_shows(self, job: int, pixels: Pixels) -> None:
        """The photograph that is being opened is decoded: it is seen while its face is read."""
        if job == self._job:
            self._reduced = to_qimage(pixels)
            self.canvas.show_opening(self._reduced)

    def _job_progress(self, job: int, share: float) -> None:
        if job == self._job:
            self.work_progress.emit(share)

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._box_job and isinstance(result, FoundBoxes):
            self._box_job = None
            self._take_boxes(result)
        if job != self._job:
            return
        self._end_work()
        if isinstance(result, OpenedPhotograph):
            self._adopt(result)
        elif isinstance(result, FoundFace):
            self._add_face(result)
        elif isinstance(result, ExportedPhotograph):
            self.exported.emit(result.path)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job != self._job:
            return
        self._end_work()
        if not isinstance(error, Cancelled):
            self.session.failed.emit(str(error))

    def _adopt(self, opened: OpenedPhotograph) -> None:
        self._stop_looking()
        self.source, self.boxes = opened.source, opened.boxes
        self._faces = dict(opened.faces)
        self._digest = opened.photo.digest
        self._epoch += 1
        if self._kind == "open":
            recent = self.session.portrait.recent_styles
            self.opened.emit(Portrait.of(Snapshot(opened.state, recent)))
        else:
            self._show()
        if opened.note:
            self.noted.emit(opened.note)
        if not opened.complete and self.source is opened.source:
            self._box_job = self.session.bridge.run(FindBoxes(opened.source))

    def _stop_looking(self) -> None:
        """The small faces of the photograph before are not wanted any more."""
        if self._box_job is not None:
            self.session.bridge.cancel(self._box_job)
            self._box_job = None

    def _take_boxes(self, found: FoundBoxes) -> None:
        """All faces of the photograph are known, the small ones included."""
        layer = self.canvas.photo
        if self.source is None or not found.boxes:
            return
        self.boxes = found.boxes
        layer.boxes, layer.active = found.boxes, self._box_of_face(self.session.portrait.state().face)
        self.canvas.update_photo()
        self.changed.emit()
        if found.note:
            self.noted.emit(found.note)

    def _add_face(self, found: FoundFace) -> None:
        state = self.session.portrait.state()
        face = found.state()
        if self.source is None or state.photo is None or face.source is None:
            return
        self._faces[face.source] = found.photo
        faces = (*state.faces, face)
        edit = ReplaceFaces(faces, state.photo, len(faces) - 1, self.tr("Add a face"))
        self.session.end_open_work()
        self.session.guarded(lambda: self.session.portrait.apply(edit))
        if found.rough:
            self.noted.emit(" ".join(found.rough))

    # Following the portrait.

    def _follow_portrait(self) -> None:
        state = self.session.portrait.state()
        if state.photo is None:
            self._clear()
        elif state.photo.digest == self._digest and self.source is not None:
            self._show()
        else:
            self._clear()
            self._start("load", lambda show: LoadPhotograph(state, show), self.tr("Opening the photograph"))

    def _follow(self, change: Change) -> None:
        if change.faces:
            state = self.session.portrait.state()
            missing = any(face.source is not None and face.source not in self._faces for face in state.faces)
            if state.photo is None or state.photo.digest != self._digest or missing:
                self._follow_portrait() if not missing else self._load_again(state)
                return
            self._show(keep_view=True)
        if change.drawn or change.history:
            busy = self.session.portrait.busy
            if change.drawn:
                self._draw(quick=True)
            if not busy:
                self._settle.start()

    def _load_again(self, state: PortraitState) -> None:
        self._start("load", lambda show: LoadPhotograph(state), self.tr("Reading the face"))

    def _clear(self) -> None:
        had = self.source is not None
        self.source, self.boxes, self._faces, self._digest = None, (), {}, ""
        self._reduced = None
        self._stop_looking()
        self.picture, self.full = None, False
        self._epoch += 1
        self._settle.stop()
        if had or self.canvas.photo.shown:
            self.canvas.show_photo(PhotoLayer())
            self.changed.emit()

    def _show(self, keep_view: bool = False) -> None:
        """Put the photograph on the canvas, around the active face."""
        source, face = self.source, self.session.portrait.state().face
        if source is None or face.source is None or face.source not in self._faces:
            return
        base = self.canvas.photo.base if keep_view and self.canvas.photo.base is not None else self._base(source)
        placement: Placement = self._faces[face.source].placement
        layer = PhotoLayer((source.width, source.height), placement, base, self.boxes, self._box_of_face(face))
        if keep_view and self.picture is not None:
            layer.set_picture(self.picture)
        self.canvas.show_photo(layer, keep_view)
        self.changed.emit()
        self._settle.start()

    def _base(self, source: SourceImage) -> QImage:
        """The whole photograph, at most as large as a screen; as a rule it was made while it was opened."""
        if self._reduced is None:
            self._reduced = to_qimage(reduced(source.srgb, SHOWN_SIDE))
        return self._reduced

    # Drawing.

    @property
    def behind(self) -> bool:
        """Whether what is shown of the photograph is older than the portrait."""
        revision = self.session.portrait.revision
        return self.source is not None and (self.picture is None or self.picture.revision != revision)

    def _request(self, quick: bool) -> ViewRequest | None:
        source, layer = self.source, self.canvas.photo
        portrait = self.session.portrait
        pane = self.canvas.pane(Pane.FACE)
        rect = layer.visible(self.canvas.view, pane)
        if source is None or rect is None:
            return None
        faces = []
        for face in portrait.state().faces:
            if face.source is None or face.source not in self._faces:
                return None
            faces.append((self._faces[face.source], face))
        scale = self.canvas.view.zoom / layer.unit * self.canvas.devicePixelRatioF()
        return ViewRequest(portrait.revision, source, tuple(faces), rect, scale, quick, self.canvas.seams)

    def _draw(self, quick: bool) -> None:
        request = self._request(quick)
        if request is None:
            return
        epoch = self._epoch
        self.full = False
        self._view.submit(
            request,
            lambda picture: self._raw_picture.emit(epoch, picture),
            lambda error: self._raw_failed.emit(epoch, error),
        )

    def _take_picture(self, epoch: int, picture: ViewPicture) -> None:
        if epoch != self._epoch or self.source is None:
            return
        self._told = ""
        self.picture = picture
        self.canvas.photo.set_picture(picture)
        current = picture.revision == self.session.portrait.revision
        self.full = current and not picture.quick
        self.canvas.update_photo()
        self.drawn.emit()
        if picture.quick and current and not self.session.portrait.busy:
            self._settle.start()

    def _take_failure(self, epoch: int, error: FaceEditorError) -> None:
        if epoch == self._epoch and str(error) != self._told:
            self._told = str(error)
            self.session.failed.emit(self._told)

    # Export.

    def export(
        self,
        path: Path,
        options: SaveOptions,
        crop: tuple[int, int, int, int] | None = None,
        longer: int | None = None,
    ) -> None:
        """Write the edited photograph in the background; `exported` says when it is done."""
        job = self.export_job(path, options, crop, longer)
        if job is not None:
            self._start("export", lambda show: job, self.tr("Exporting {name}").format(name=path.name))

    def export_job(
        self,
        path: Path,
        options: SaveOptions,
        crop: tuple[int, int, int, int] | None = None,
        longer: int | None = None,
    ) -> ExportPhotograph | None:
        """What exports the photograph as it is edited now; None while there is none. Arguments as of the job."""
        if self.source is None:
            return None
        edits = tuple(
            edit_of_face(face, self._faces[face.source])
            for face in self.session.portrait.state().faces
            if face.source is not None and face.source in self._faces
        )
        return ExportPhotograph(self.source, edits, path, options, crop, longer)

    def face_crop(self) -> tuple[int, int, int, int] | None:
        """The upright rectangle of whole pixels around the active face's square, inside of the photograph."""
        placement = self.canvas.photo.placement
        if self.source is None or placement is None:
            return None
        corners = np.array([(0, 0), (256, 0), (256, 256), (0, 256)], np.float64)
        points = corners @ placement.matrix[:, :2].T + placement.matrix[:, 2]
        size = (self.source.width, self.source.height)
        low = np.clip(np.floor(points.min(0)), 0, size).astype(int)
        high = np.clip(np.ceil(points.max(0)), 0, size).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def close(self) -> None:
        """Stop drawing; the thread has ended when this returns."""
        self._epoch += 1
        self._settle.stop()
        self._view.close()


def _shared(a: Rectangle, b: Rectangle) -> float:
    """Shared area of two boxes over the smaller one's."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(0.0, width) * max(0.0, height) / max(1e-6, smaller)
