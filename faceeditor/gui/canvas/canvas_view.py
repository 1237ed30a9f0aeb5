"""The canvas: mask, face and 3D head in step, drawn by dirty rectangles. Input is handled in ``canvas``."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QNativeGestureEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from faceeditor.engine import Frame
from faceeditor.engine.photo_view import MADE_TINT, MOVED_TINT, OWN_TINT
from faceeditor.gui.canvas import overlays as paint
from faceeditor.gui.canvas.head_picture import HeadPicture
from faceeditor.gui.canvas.head_turner import HeadTurner
from faceeditor.gui.canvas.photo_layer import PhotoLayer
from faceeditor.gui.canvas.tools import ToolState
from faceeditor.gui.colors import color
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.imaging import MaskPicture, to_qimage
from faceeditor.interaction.view import (
    Box,
    HeadView,
    Pane,
    View,
    ViewMode,
    fitted,
    focus_panes,
    pane_at,
    panes,
    shown_panes,
    small_panes,
)
from faceeditor.portrait.brush import FaceAxis, face_axis
from faceeditor.portrait.document import Change
from faceeditor.portrait.outlines import REACH
from faceeditor.regions import MASK_SIZE, MaskArray

if TYPE_CHECKING:
    from faceeditor.gui.controllers.head_controller import HeadController

_SPIN_MS = 40


class CanvasView(QWidget):
    """Shows the session's mask, face and 3D head; knows nothing of painting.

    The mask is shown as it is drawn: where the head has moved since it was painted, that is the mask of the last frame.

    Signals:
        view_changed: zoom, position, mode or head view is another one.
        picture_changed: Pane whose picture is another one.
    """

    view_changed = Signal()
    picture_changed = Signal(object)

    def __init__(self, session: PortraitSession, tools: ToolState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.tools = tools
        self.mode = ViewMode.SIDE_BY_SIDE
        self.head_view = HeadView.OFF
        self.focus = Pane.FACE
        self.mask_opacity = 0.5
        self.head_opacity = 0.6
        self.smooth_outlines = True
        self.wipe = MASK_SIZE / 2
        self.view = View()
        self._fitted = True
        self.photo = PhotoLayer()
        self.comparing = False  # the photograph is shown as it was
        self.seams = False  # its pixels are tinted by where they come from
        self.opening: QImage | None = None  # a photograph that is being read lies over the face
        self._mask = MaskPicture()
        self._shown_mask: MaskArray = session.portrait.mask
        self._coloured: MaskArray = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)  # what the mask's picture shows
        self._face: QImage | None = None
        self._head: QImage | None = None
        self._head_picture: HeadPicture | None = None
        self.turner: HeadTurner | None = None
        self._before: QImage | None = None
        self._axis: FaceAxis | None = None
        self._loading: tuple[str, str] | None = None
        self._turn = 0.0
        self._drop_text = ""
        self.pen_at: tuple[float, float] | None = None  # in picture coordinates
        self.pen_radius = 0.0  # in mask pixels; 0 hides the outline
        self._spin = QTimer(self, interval=_SPIN_MS)
        self._spin.timeout.connect(self._advance_spinner)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(QSize(240, 200))
        self.setAccessibleName(self.tr("Canvas"))
        self.setAccessibleDescription(self.tr("The mask to paint on and the face that follows it"))
        session.portrait_replaced.connect(self.reload)
        session.changed.connect(self._follow)
        session.frame_shown.connect(self._show_frame)
        session.fine_frame_shown.connect(self._show_fine_frame)
        session.before_changed.connect(self._take_before)
        self.reload()

    # What is shown.

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The panes of the present mode that are painted on."""
        if self.mode is ViewMode.FOCUS:
            return (focus_panes(len(self._small), self.width(), self.height())[0],)
        left, top, right, bottom = self.photo.extent
        return panes(len(self.shown), self.width(), self.height(), (right - left) / (bottom - top))

    @property
    def shown(self) -> tuple[Pane, ...]:
        """What the panes show, in the order of `boxes`."""
        return shown_panes(self.mode, self.head_view, self.focus)

    @property
    def _small(self) -> tuple[Pane, ...]:
        return small_panes(self.mode, self.head_view, self.focus)

    @property
    def small_boxes(self) -> dict[Pane, Box]:
        """The small pictures beside the one in focus, and where they lie."""
        small = self._small
        return dict(zip(small, focus_panes(len(small), self.width(), self.height())[1], strict=True))

    def pane(self, kind: Pane) -> Box:
        """The pane that shows something; the face's if nothing does, and the first if that is not shown, either."""
        shown = self.shown
        found = kind if kind in shown else Pane.FACE
        return self.boxes[shown.index(found) if found in shown else 0]

    @property
    def shown_mask(self) -> MaskArray:
        """(256, 256) uint8: the mask that is on the screen."""
        return self._shown_mask

    def set_head_controller(self, heads: "HeadController") -> None:
        """Enable turning the head and the view of the 3D head; called once."""
        self._head_picture = HeadPicture(heads, self)
        self._head_picture.changed.connect(self._take_head)
        self.turner = HeadTurner(heads, self)
        self._head_picture.want(self.head_view is not HeadView.OFF)

    def reload(self) -> None:
        """Show the portrait anew, as after another one was opened."""
        self._shown_mask = self.session.portrait.mask
        self._coloured[...] = self._shown_mask
        self._mask.update(self._shown_mask, 0, 0, MASK_SIZE, MASK_SIZE)
        self._face = self._before = self._head = None
        self._axis = None
        self.view = replace(self.view, flipped=False, angle=0.0)
        self.fit()
        if self._loading is None:
            self._spin.start()
        self.update()

    def _follow(self, change: Change) -> None:
        portrait = self.session.portrait
        if portrait.moved and self._face is not None:
            return  # the frame that is on its way brings the mask
        if self._shown_mask is not portrait.mask:
            self._show_mask(portrait.mask)
        elif change.dirty is not None:
            x, y, width, height = change.dirty
            self._recolour(x, y, x + width, y + height)

    def _show_mask(self, mask: MaskArray) -> None:
        """Show another mask in place of the present one; only what differs is painted anew."""
        differs = mask != self._coloured
        self._shown_mask = mask
        if not self.session.portrait.busy:
            self._axis = None
        rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
        if len(rows):
            self._recolour(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

    def _recolour(self, left: int, top: int, right: int, bottom: int) -> None:
        """Pixels [left, right) x [top, bottom) of the shown mask have new values."""
        self._coloured[top:bottom, left:right] = self._shown_mask[top:bottom, left:right]
        self._mask.update(self._shown_mask, left, top, right, bottom)
        if not self.session.portrait.busy:
            self._axis = None
            if self.tools.symmetry:
                self.update()
        spread = REACH if self.smooth_outlines else 0
        reached = (left - spread, top - spread, right + spread, bottom + spread)
        self._update_pixels(Pane.MASK, *reached)
        if self.mode is ViewMode.OVERLAY:
            self._update_pixels(Pane.FACE, *reached)
        if self._face is None:
            self.update()

    def _update_pixels(
        self, kind: Pane, left: int = 0, top: int = 0, right: int = MASK_SIZE, bottom: int = MASK_SIZE
    ) -> None:
        """Repaint pixels of a picture wherever it is shown."""
        if kind in self.shown:
            pane = self.pane(kind)
            x0, y0, x1, y1 = self.view.map_rect(pane, left, top, right, bottom)
            inside = QRect(x0, y0, x1 - x0, y1 - y0) & paint.qrect(pane).toAlignedRect()
            if not inside.isEmpty():
                self.update(inside)
        small = self.small_boxes.get(kind)
        if small is not None:
            self.update(paint.qrect(small).toAlignedRect())
        self.picture_changed.emit(kind)

    def _show_frame(self, frame: Frame) -> None:
        first = self._face is None
        self._face = to_qimage(frame.pixels)
        self._spin.stop()
        if first:
            self.update()
        if self.session.portrait.moved and frame.mask is not None:
            self._show_mask(frame.mask)
        self._update_pixels(Pane.FACE)

    def _show_fine_frame(self, frame: Frame) -> None:
        """The same face again, with more pixels."""
        self._face = to_qimage(frame.pixels)
        self._update_pixels(Pane.FACE)

    def _take_head(self) -> None:
        picture = None if self._head_picture is None else self._head_picture.picture
        self._head = None if picture is None else to_qimage(picture)
        if self.head_view is not HeadView.OFF:
            self._update_pixels(Pane.FACE if self.head_view is HeadView.OVER else Pane.HEAD)

    def _take_before(self) -> None:
        before = self.session.before
        self._before = None if before is None else to_qimage(before)
        if self.mode is ViewMode.WIPE:
            self.update()

    def set_drop_text(self, text: str) -> None:
        """Frame the canvas while something is dragged over the window, with words in its middle; empty: no longer."""
        if text != self._drop_text:
            self._drop_text = text
            self.update()

    def set_loading_text(self, text: str, hint: str) -> None:
        """The words on the face half in place of "Loading the model ...": there will be no face."""
        self._loading = (text, hint)
        self._spin.stop()
        if self._face is None:
            self.update()

    def _advance_spinner(self) -> None:
        self._turn = (self._turn + _SPIN_MS / 1100) % 1.0
        card = paint.loading_card(self.view.picture_box(self.pane(Pane.FACE)))
        self.update(card.toAlignedRect())

    @property
    def axis(self) -> FaceAxis:
        """The face's line of symmetry; it stays still during a stroke."""
        if self._axis is None:
            self._axis = face_axis(self._shown_mask)
        return self._axis

    # Mode, zoom and position.

    def set_mode(self, mode: ViewMode) -> None:
        """Side by side, one large, overlaid or before/after."""
        if mode is not self.mode:
            self.mode = mode
            self._arrange()

    def set_focus_pane(self, kind: Pane) -> None:
        """Show one picture large and the others small beside it."""
        self.mode, self.focus = ViewMode.FOCUS, kind
        self._arrange()

    def next_focus(self) -> None:
        """Show one picture large; where one is already, exchange it for the next of the small ones."""
        small = self._small
        if not small:
            self.set_focus_pane(self.focus)
            return
        every = shown_panes(ViewMode.SIDE_BY_SIDE, self.head_view)
        self.set_focus_pane(every[(every.index(self.shown[0]) + 1) % len(every)])

    def _arrange(self) -> None:
        """Take over another arrangement of the panes."""
        if self._fitted:
            self.view = self._fitted_view()
        self.view_changed.emit()
        self.update()

    def set_head_view(self, head_view: HeadView) -> None:
        """Show the 3D head beside the face, over it or not at all."""
        if head_view is self.head_view:
            return
        self.head_view = head_view
        if self._head_picture is not None:
            self._head_picture.want(head_view is not HeadView.OFF)
        self._arrange()

    def set_head_opacity(self, share: float) -> None:
        """How much of the face the 3D head covers when it is shown over it, 0..1."""
        self.head_opacity = min(max(share, 0.0), 1.0)
        self._update_pixels(Pane.FACE)

    def set_smooth_outlines(self, on: bool) -> None:
        """Show the mask with smooth outlines, or with the pixels that are painted."""
        self.smooth_outlines = on
        self.update()
        self.picture_changed.emit(Pane.MASK)

    def set_mask_opacity(self, share: float) -> None:
        """How much of the mask covers the face when overlaid, 0..1."""
        self.mask_opacity = min(max(share, 0.0), 1.0)
        self.update()

    def set_view(self, view: View, fitted_view: bool = False) -> None:
        """Move to a zoom and position."""
        self.view = view.bounded()
        self._fitted = fitted_view
        self.view_changed.emit()
        self.update()

    def _fitted_view(self) -> View:
        """The whole picture, flipped and turned as it is now."""
        view = fitted(self.boxes[0], self.photo.extent)
        return replace(view, flipped=self.view.flipped, angle=self.view.angle)

    def show_photo(self, photo: "PhotoLayer", keep_view: bool = False) -> None:
        """Show a photograph in place of the drawn face, or the face again; `keep_view`: it stays where it is seen."""
        view = self.photo.carried_to(photo, self.view) if keep_view else None
        self.photo = photo
        self.set_view(view or self._fitted_view(), fitted_view=view is None)

    def show_opening(self, picture: QImage | None) -> None:
        """Lay a photograph over the face while it is being read; None: it was read, or given up."""
        self.opening = picture
        self.update(paint.qrect(self.pane(Pane.FACE)).toAlignedRect())

    def update_photo(self) -> None:
        """The photograph's picture is another one."""
        self.update(paint.qrect(self.pane(Pane.FACE)).toAlignedRect())
        if Pane.FACE in self._small:
            self.update(paint.qrect(self.small_boxes[Pane.FACE]).toAlignedRect())
        self.picture_changed.emit(Pane.FACE)

    def set_comparing(self, on: bool) -> None:
        """Show the photograph as it was while a key is held."""
        if on != self.comparing:
            self.comparing = on
            self.update_photo()

    def set_seams(self, on: bool) -> None:
        """Tint the photograph's pixels by where they come from, with a legend."""
        if on != self.seams:
            self.seams = on
            self.view_changed.emit()
            self.update_photo()

    def fit(self) -> None:
        """Show the whole picture."""
        self.set_view(self._fitted_view(), fitted_view=True)

    def flip(self) -> None:
        """Show the picture mirrored, or no longer; the mask stays as it is."""
        self.set_view(self.view.flip(), self._fitted)

    def rotate(self, degrees: float) -> None:
        """Turn the picture that is seen, clockwise; the mask stays as it is."""
        self.set_view(self.view.rotated(degrees), self._fitted)

    def reset_rotation(self) -> None:
        """Show the picture upright."""
        self.set_view(replace(self.view, angle=0.0), self._fitted)

    def actual_size(self) -> None:
        """One pixel of the face or photograph on one pixel of the screen."""
        self.set_view(replace(self.view, zoom=self.photo.unit / self.devicePixelRatioF()))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a point of the widget, or about the middle of the first pane."""
        boxes = self.boxes
        x, y = boxes[0].centre if at is None else (at.x(), at.y())
        self.set_view(self.view.zoomed_at(boxes[pane_at(boxes, x, y)], x, y, factor))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.view = self._fitted_view()
        self.view_changed.emit()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1.25 ** (steps.y() / 120.0), event.position())
        else:
            moved = event.pixelDelta() if not event.pixelDelta().isNull() else steps / 2
            dx, dy = moved.x(), moved.y()
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                dx, dy = dy, dx
            self.set_view(self.view.panned(dx, dy))
        event.accept()

    def event(self, event: QEvent) -> bool:
        pinch = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == pinch:
            self.zoom_by(1.0 + event.value(), event.position())
            return True
        return super().event(event)

    # Drawing.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), color("window"))
        for kind, pane in zip(self.shown, self.boxes, strict=True):
            area = paint.qrect(pane)
            if not area.toAlignedRect().intersects(event.rect()):
                continue
            painter.save()
            painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
            painter.fillRect(area, color("surround"))
            painter.save()
            paint.turn_painter(painter, self.view, pane)
            self._draw_pictures(painter, self.view.upright, pane, kind)
            painter.restore()
            self._draw_captions(painter, pane, kind)
            self._draw_over(painter, pane, kind)
            if kind is Pane.FACE and self.opening is not None:
                paint.draw_opening(painter, pane, self.opening, self.tr("Opening ..."))
            painter.restore()
        for kind, pane in self.small_boxes.items():
            if paint.qrect(pane).toAlignedRect().intersects(event.rect()):
                self.draw_small(painter, pane, kind)
                paint.draw_caption(painter, pane, self._name(kind))
        if self._drop_text:
            paint.draw_drop_target(painter, QRectF(self.rect()), self._drop_text)
        painter.end()

    def draw_small(self, painter: QPainter, box: Box, kind: Pane) -> View:
        """Draw a whole picture into a box, mirrored if the view is; returns the view in which it lies there."""
        view = replace(fitted(box, self.photo.extent), flipped=self.view.flipped)
        painter.save()
        painter.setClipRect(paint.qrect(box), Qt.ClipOperation.IntersectClip)
        painter.fillRect(paint.qrect(box), color("surround"))
        paint.turn_painter(painter, view, box)
        self._draw_pictures(painter, view.upright, box, kind)
        painter.restore()
        return view

    def _draw_pictures(self, painter: QPainter, view: View, pane: Box, kind: Pane) -> None:
        """What is flipped and turned with the view; the painter is transformed accordingly."""
        picture = view.picture_box(pane)
        if kind is Pane.HEAD:
            if self._head is not None:
                paint.draw_picture(painter, self._head, picture, smooth=True)
            else:
                painter.fillRect(paint.qrect(picture), color("panel"))
        elif kind is Pane.MASK:
            self._draw_mask(painter, view, picture)
        elif self.photo.shown:
            self.photo.draw(painter, view, pane, self.comparing)
        elif self._face is not None:
            paint.draw_picture(painter, self._face, picture, smooth=True)
            if self.head_view is HeadView.OVER and self._head is not None:
                painter.setOpacity(self.head_opacity)
                paint.draw_picture(painter, self._head, picture, smooth=True)
                painter.setOpacity(1.0)
        if kind is Pane.FACE and self.mode is ViewMode.OVERLAY:
            painter.setOpacity(self.mask_opacity)
            self._draw_mask(painter, view, picture)
            painter.setOpacity(1.0)
        elif kind is Pane.FACE and self.mode is ViewMode.WIPE and (self._before is not None or self.photo.shown):
            self._draw_before(painter, view, pane, picture)
        if kind is Pane.FACE and self.photo.shown:
            self.photo.draw_boxes(painter, view, pane)
        else:
            paint.draw_frame_line(painter, picture)

    def _draw_mask(self, painter: QPainter, view: View, picture: Box) -> None:
        """The mask with smooth outlines where it is enlarged."""
        if view.zoom * self.devicePixelRatioF() <= 1.0:
            paint.draw_picture(painter, self._mask.image, picture, smooth=True)
        elif self.smooth_outlines:
            paint.draw_picture(painter, self._mask.smooth, picture, smooth=True)
        else:
            paint.draw_picture(painter, self._mask.image, picture, smooth=False)

    def _draw_before(self, painter: QPainter, view: View, pane: Box, picture: Box) -> None:
        """The part left of the wipe as it was before."""
        x, _ = view.to_widget(pane, self.wipe, 0.0)
        reach = pane.width + pane.height
        painter.save()
        painter.setClipRect(QRectF(x - 2 * reach, pane.y - reach, 2 * reach, 3 * reach), Qt.ClipOperation.IntersectClip)
        if self.photo.shown:
            self.photo.draw(painter, view, pane, original=True)
        elif self._before is not None:
            paint.draw_picture(painter, self._before, picture, smooth=True)
        painter.restore()

    def _draw_captions(self, painter: QPainter, pane: Box, kind: Pane) -> None:
        """Words and lines over the pictures, which stay upright."""
        if kind is not Pane.FACE:
            paint.draw_caption(painter, pane, self._name(kind))
        elif self.photo.shown and self.mode is not ViewMode.WIPE:
            paint.draw_caption(painter, pane, self.tr("Original") if self.comparing else self.tr("Photograph"))
        elif self.mode in (ViewMode.SIDE_BY_SIDE, ViewMode.FOCUS):
            paint.draw_caption(painter, pane, self._name(kind))
        elif self.mode is ViewMode.OVERLAY:
            paint.draw_caption(painter, pane, self.tr("Mask over face"))
        elif self._before is not None or self.photo.shown:
            self._draw_wipe(painter, pane)
        if kind is Pane.FACE and self.photo.shown and self.seams and not self.comparing:
            paint.draw_legend(painter, pane, self._seam_rows())
        if kind is Pane.FACE and self._face is None and not self.photo.shown:
            text, hint = self._loading or (self.tr("Loading the model ..."), self.tr("You can paint while it loads."))
            turn = None if self._loading else self._turn
            paint.draw_loading(painter, self.view.picture_box(pane), self._mask.image, text, hint, turn)
        if self.view.flipped or self.view.angle:
            text = self.tr("Mirrored") if self.view.flipped else ""
            turned = f"{self.view.angle:.0f}°".replace("-", "\u2212") if self.view.angle else ""
            paint.draw_caption(painter, pane, f"{text} {turned}".strip(), right=True)

    def _seam_rows(self) -> list[tuple[QColor, str]]:
        """What the tints of the seam view mean."""
        texts = (self.tr("Own pixels, in place"), self.tr("Own pixels, moved"), self.tr("Made: drawn or filled in"))
        return [(QColor(*tint), text) for tint, text in zip((OWN_TINT, MOVED_TINT, MADE_TINT), texts, strict=True)]

    def _name(self, kind: Pane) -> str:
        names = {Pane.MASK: self.tr("Mask"), Pane.FACE: self.tr("Face"), Pane.HEAD: self.tr("3D head")}
        return self.tr("Photograph") if kind is Pane.FACE and self.photo.shown else names[kind]

    def _draw_wipe(self, painter: QPainter, pane: Box) -> None:
        ends = [QPointF(*self.view.to_widget(pane, self.wipe, y)) for y in (-MASK_SIZE, 2 * MASK_SIZE)]
        paint.draw_wipe(painter, ends[0], ends[1], QPointF(*self.wipe_handle(pane)))
        paint.draw_caption(painter, pane, self.tr("Now") if self.view.flipped else self.tr("Before"))
        paint.draw_caption(painter, pane, self.tr("Before") if self.view.flipped else self.tr("Now"), right=True)

    def wipe_handle(self, pane: Box) -> tuple[float, float]:
        """Where the wipe's handle lies in the widget."""
        return self.view.to_widget(pane, self.wipe, MASK_SIZE * 0.85)

    def set_wipe(self, x: float) -> None:
        """Move the wipe's line to a column of the picture, 0..256, or anywhere on a photograph."""
        left, _, right, _ = self.photo.extent
        self.wipe = min(max(x, left), right)
        self.update()

    def _draw_over(self, painter: QPainter, pane: Box, kind: Pane) -> None:
        """Lines over the picture: axis, lasso, pen, gizmo."""
        if self.tools.symmetry:
            paint.draw_axis(painter, self.view, pane, self.axis)
        if self.pen_at is None:
            return
        radius = self.pen_radius * self.view.zoom
        if radius > 0:
            if self.tools.symmetry:
                paint.draw_pen(painter, *self.view.to_widget(pane, *self.axis.reflect(self.pen_at)), radius, faint=True)
            paint.draw_pen(painter, *self.view.to_widget(pane, *self.pen_at), radius)

    def update_pen(self) -> None:
        """Repaint where the pen's outline is, in every pane."""
        if self.pen_at is None:
            return
        points = [self.pen_at, self.axis.reflect(self.pen_at)] if self.tools.symmetry else [self.pen_at]
        reach = self.pen_radius * self.view.zoom + 3
        for pane in self.boxes:
            area = paint.qrect(pane)
            for point in points:
                x, y = self.view.to_widget(pane, *point)
                self.update((QRectF(x - reach, y - reach, 2 * reach, 2 * reach) & area).toAlignedRect())
