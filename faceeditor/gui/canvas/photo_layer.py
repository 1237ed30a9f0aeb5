"""The photograph on the canvas: its own pixels around the square of the face, the edit where it is seen."""

from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QTransform

from faceeditor.engine.photo_view import Rectangle, ViewPicture
from faceeditor.gui.colors import color
from faceeditor.gui.imaging import to_qimage
from faceeditor.interaction.view import SQUARE, Box, View
from faceeditor.photo.placement import Placement
from faceeditor.regions import MASK_SIZE


@dataclass
class PhotoLayer:
    """What the canvas shows of a photograph; empty where none is open. Picture coordinates are those of the mask.

    Attributes:
        size: width and height of the photograph.
        placement: where the square of the active face lies in it.
        base: the whole photograph, reduced to the size of a screen.
        boxes: faces, in pixels of the photograph.
        active: index of the box of the active face, None if it is none of them.
    """

    size: tuple[int, int] = (0, 0)
    placement: Placement | None = None
    base: QImage | None = None
    boxes: tuple[Rectangle, ...] = ()
    active: int | None = None
    _picture: QImage | None = field(default=None, repr=False)
    _rect: Rectangle = (0.0, 0.0, 0.0, 0.0)

    @property
    def shown(self) -> bool:
        """Whether there is a photograph."""
        return self.base is not None and self.placement is not None

    @property
    def unit(self) -> float:
        """Pixels of the photograph per mask pixel; 1 without one."""
        return self.placement.unit if self.placement is not None else 1.0

    @property
    def extent(self) -> Rectangle:
        """Left, top, right, bottom in picture coordinates of what there is to see."""
        if self.placement is None:
            return SQUARE
        width, height = self.size
        points = self._to_mask(np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64))
        left, top = points.min(0)
        right, bottom = points.max(0)
        return float(left), float(top), float(right), float(bottom)

    def _to_mask(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) of the photograph in picture coordinates."""
        assert self.placement is not None
        matrix = self.placement.matrix
        return np.asarray((points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T)

    def _to_photo(self, points: np.ndarray) -> np.ndarray:
        assert self.placement is not None
        matrix = self.placement.matrix
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])

    def carried_to(self, other: "PhotoLayer", view: View) -> View | None:
        """The view in which another layer shows the same place of the same photograph; None if that is not it."""
        if self.placement is None or other.placement is None or self.size != other.size:
            return None
        middle = self._to_photo(np.array([(view.x, view.y)]))
        x, y = other._to_mask(middle)[0]
        zoom = view.zoom * other.unit / self.unit
        return replace(view, zoom=zoom, x=float(x), y=float(y), extent=other.extent)

    def set_picture(self, picture: ViewPicture) -> None:
        """Show what was drawn of the edited photograph."""
        self._picture = None if picture.untouched and picture.quick and not picture.seams else to_qimage(picture.pixels)
        self._rect = picture.rect

    def transform(self, view: View, pane: Box) -> QTransform:
        """Pixels of the photograph -> widget."""
        points = self._to_mask(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]))
        (ox, oy), (rx, ry), (dx, dy) = (view.to_widget(pane, *point) for point in points)
        return QTransform(rx - ox, ry - oy, dx - ox, dy - oy, ox, oy)

    def visible(self, view: View, pane: Box) -> Rectangle | None:
        """The part of the photograph that a pane shows; None if it shows nothing of it."""
        if not self.shown:
            return None
        corners = [(pane.x, pane.y), (pane.right, pane.y), (pane.right, pane.bottom), (pane.x, pane.bottom)]
        points = self._to_photo(np.array([view.to_picture(pane, *corner) for corner in corners]))
        low = np.clip(points.min(0), 0, self.size)
        high = np.clip(points.max(0), 0, self.size)
        if (high - low).min() < 1:
            return None
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def draw(self, painter: QPainter, view: View, pane: Box, original: bool = False) -> None:
        """Draw the photograph: reduced, and over it what is visible with its edit."""
        if self.base is None:
            return
        painter.save()
        painter.setTransform(self.transform(view, pane), True)
        # Above 100 % the pixels are to be seen.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.zoom / self.unit < 3.0)
        painter.drawImage(QRectF(0, 0, *self.size), self.base)
        if self._picture is not None and not original:
            left, top, right, bottom = self._rect
            painter.drawImage(QRectF(left, top, right - left, bottom - top), self._picture)
        painter.restore()

    def face_picture(self, side: int) -> QImage:
        """The square of the active face with its edit, of a side in pixels; it takes about a millisecond."""
        image = QImage(side, side, QImage.Format.Format_RGB32)
        image.fill(color("well"))
        painter = QPainter(image)
        self.draw(painter, View(side / MASK_SIZE, MASK_SIZE / 2, MASK_SIZE / 2), Box(0, 0, side, side))
        painter.end()
        return image

    def draw_boxes(self, painter: QPainter, view: View, pane: Box) -> None:
        """Boxes around the faces that can be chosen, where there is more than one."""
        if len(self.boxes) < 2:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index, box in enumerate(self.boxes):
            corners = np.array([(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])])
            points = [QPointF(*view.to_widget(pane, *point)) for point in self._to_mask(corners)]
            for pen in (QPen(QColor(0, 0, 0, 150), 3.0), self._box_pen(index)):
                painter.setPen(pen)
                painter.drawPolygon(points)
        painter.restore()

    def _box_pen(self, index: int) -> QPen:
        if index == self.active:
            return QPen(color("accent"), 1.6)
        return QPen(QColor(255, 255, 255, 200), 1.2, Qt.PenStyle.DashLine)

    def other_face(self, point: tuple[float, float]) -> int | None:
        """Index of a face other than the active one whose box holds a point of the picture, outside of the mask."""
        if not self.shown or len(self.boxes) < 2:
            return None
        (x, y) = self._to_photo(np.array([point]))[0]
        if self.active is not None and _inside(self.boxes[self.active], x, y):
            return None
        found = [index for index, box in enumerate(self.boxes) if index != self.active and _inside(box, x, y)]
        return found[0] if found else None


def _inside(box: Rectangle, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
