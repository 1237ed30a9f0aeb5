"""How the head gizmo looks: fine lines in the accent colour over a dark one, seen on every picture."""

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from faceeditor.gui.canvas.overlays import draw_plate, plate_font
from faceeditor.gui.colors import color
from faceeditor.interaction.head_gizmo import Arc, Gizmo, GizmoPart
from faceeditor.interaction.view import Box, View
from faceeditor.portrait.brush import Point

_CROWN = 4.0
_IRIS = 4.5


def _runs(arc: Arc, near: bool) -> Iterator[np.ndarray]:
    """The stretches of an arc on the near or the far side, each with the point that leads over to the next."""
    wanted = arc.near == near
    edges = np.flatnonzero(np.diff(wanted.astype(np.int8))) + 1
    for part in np.split(np.arange(len(wanted)), edges):
        if wanted[part[0]]:
            yield arc.points[part[0] : min(part[-1] + 2, len(wanted))]


class GizmoPainter:
    """Draws a gizmo into one pane.

    Args:
        painter: clipped to the pane.
        view, pane: where the picture lies.
    """

    def __init__(self, painter: QPainter, view: View, pane: Box) -> None:
        self._painter = painter
        self._view = view
        self._pane = pane

    def _at(self, point: Point) -> QPointF:
        return QPointF(*self._view.to_widget(self._pane, float(point[0]), float(point[1])))

    def _line(self, points: np.ndarray, strong: bool, near: bool) -> None:
        line = QPolygonF([self._at((x, y)) for x, y in points])
        self._painter.setPen(QPen(QColor(0, 0, 0, 150 if near else 60), 3.2 if near else 2.4))
        self._painter.drawPolyline(line)
        self._painter.setPen(QPen(color("accent", (255 if strong else 210) if near else 90), 1.7 if strong else 1.3))
        self._painter.drawPolyline(line)

    def draw(self, gizmo: Gizmo, part: GizmoPart | None) -> None:
        """Draw it with the hovered or dragged part highlighted.

        Args:
            gizmo: in picture coordinates.
            part: what is held; None: the pointer is elsewhere.
        """
        painter = self._painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        turning = part is GizmoPart.TURN
        for near in (False, True):
            for arc in (gizmo.eye_line, gizmo.centre_line):
                for run in _runs(arc, near):
                    self._line(run, turning, near)
        self._ring(gizmo, part is GizmoPart.ROLL)
        self._pointer(gizmo, turning)
        self._gaze(gizmo, part is GizmoPart.GAZE)
        painter.restore()

    def _ring(self, gizmo: Gizmo, strong: bool) -> None:
        painter = self._painter
        centre, radius = self._at(gizmo.centre), gizmo.ring * self._view.zoom
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 130), 3.0))
        painter.drawEllipse(centre, radius, radius)
        painter.setPen(QPen(color("accent", 255 if strong else 150), 1.7 if strong else 1.1))
        painter.drawEllipse(centre, radius, radius)
        self._dot(self._at(gizmo.crown), _CROWN + (1.0 if strong else 0.0), strong)

    def _pointer(self, gizmo: Gizmo, strong: bool) -> None:
        foot, tip = self._at(gizmo.nose[0]), self._at(gizmo.nose[1])
        painter = self._painter
        painter.setPen(QPen(QColor(0, 0, 0, 150), 3.4))
        painter.drawLine(foot, tip)
        painter.setPen(QPen(color("accent"), 1.7))
        painter.drawLine(foot, tip)
        self._dot(tip, 4.5 if strong else 3.5, True)

    def _gaze(self, gizmo: Gizmo, strong: bool) -> None:
        painter = self._painter
        for iris, tip in gizmo.gaze:
            at = self._at(iris)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(0, 0, 0, 140), 3.0))
            painter.drawEllipse(at, _IRIS, _IRIS)
            if strong:
                painter.drawLine(at, self._at(tip))
            painter.setPen(QPen(color("accent", 255 if strong else 170), 1.6 if strong else 1.2))
            painter.drawEllipse(at, _IRIS, _IRIS)
            if strong:
                painter.drawLine(at, self._at(tip))

    def _dot(self, at: QPointF, radius: float, filled: bool) -> None:
        painter = self._painter
        painter.setPen(QPen(QColor(0, 0, 0, 170), 1.4))
        painter.setBrush(color("accent") if filled else color("surround"))
        painter.drawEllipse(at, radius, radius)


def draw_readout(painter: QPainter, pane: Box, at: QPointF, text: str) -> None:
    """A small sheet with the angles beside the pointer, kept inside of the pane."""
    box = readout_box(painter.font(), pane, at, text)
    draw_plate(painter, box, text, plate_font(painter.font()), "text")


def readout_box(font: QFont, pane: Box, at: QPointF, text: str) -> QRectF:
    """Where `draw_readout` draws."""
    width = QFontMetricsF(plate_font(font)).horizontalAdvance(text) + 18
    left = min(max(at.x() + 16, pane.x + 4), max(pane.x + 4, pane.right - width - 4))
    top = min(max(at.y() + 18, pane.y + 4), max(pane.y + 4, pane.bottom - 28))
    return QRectF(left, top, width, 24)


def draw_note(painter: QPainter, pane: Box, text: str) -> None:
    """A sentence at the lower edge of a pane."""
    font = plate_font(painter.font())
    width = QFontMetricsF(font).horizontalAdvance(text) + 24
    draw_plate(painter, QRectF(pane.centre[0] - width / 2, pane.bottom - 40, width, 26), text, font)
