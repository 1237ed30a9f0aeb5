"""What the canvas draws around mask and face: captions, pen outline, outlines of the lasso, the card while loading."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF

from faceeditor.gui.colors import color
from faceeditor.interaction.view import Box, View
from faceeditor.portrait.brush import FaceAxis, Point
from faceeditor.regions import MASK_SIZE

HANDLE = 17.0
"""Radius of the wipe's handle in widget pixels."""


def qrect(box: Box) -> QRectF:
    """A box as Qt's rectangle."""
    return QRectF(box.x, box.y, box.width, box.height)


def turn_painter(painter: QPainter, view: View, pane: Box) -> None:
    """Let a painter draw pictures flipped and turned as a view shows them; boxes are those of `view.upright`."""
    x, y = pane.centre
    painter.translate(x, y)
    painter.rotate(view.angle)
    painter.scale(-1.0 if view.flipped else 1.0, 1.0)
    painter.translate(-x, -y)


def draw_picture(painter: QPainter, image: QImage, target: Box, smooth: bool) -> None:
    """Draw a picture over a box, smoothly or with crisp pixels."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(qrect(target), image)


def draw_frame_line(painter: QPainter, target: Box) -> None:
    """A hairline around the picture, so that dark backgrounds do not melt into the surround."""
    painter.setPen(QPen(QColor(0, 0, 0, 110), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(qrect(target).adjusted(-0.5, -0.5, 0.5, 0.5))


def plate_font(base: QFont, pixels: int = 12) -> QFont:
    """The font of text that lies on the canvas."""
    font = QFont(base)
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold)
    return font


def draw_plate(painter: QPainter, box: QRectF, text: str, font: QFont, text_color: str = "text-soft") -> None:
    """Text on a dark plate that lets the picture shine through; the name of the colour is a token's."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 20, 20, 200))
    painter.drawRoundedRect(box, 4, 4)
    painter.setFont(font)
    painter.setPen(color(text_color))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def draw_caption(painter: QPainter, pane: Box, text: str, right: bool = False) -> None:
    """A small label in a pane's upper corner."""
    font = plate_font(painter.font(), 11)
    width = QFontMetricsF(font).horizontalAdvance(text) + 18
    left = pane.right - width - 10 if right else pane.x + 10
    draw_plate(painter, QRectF(left, pane.y + 10, width, 21), text, font)


def draw_opening(painter: QPainter, pane: Box, picture: QImage, text: str) -> None:
    """A picture that is being opened, as large as a pane, with a caption; nothing of what lies below is seen."""
    painter.fillRect(qrect(pane), color("surround"))
    scale = min(pane.width / picture.width(), pane.height / picture.height())
    width, height = picture.width() * scale, picture.height() * scale
    x, y = pane.centre
    draw_picture(painter, picture, Box(x - width / 2, y - height / 2, width, height), smooth=True)
    draw_caption(painter, pane, text)


def draw_legend(painter: QPainter, pane: Box, rows: Sequence[tuple[QColor, str]]) -> None:
    """What colours mean, in a pane's lower left corner: a swatch and words a row."""
    font = plate_font(painter.font(), 11)
    line, swatch = 20.0, 12.0
    width = max(QFontMetricsF(font).horizontalAdvance(text) for _, text in rows) + swatch + 30
    box = QRectF(pane.x + 10, pane.y + pane.height - line * len(rows) - 22, width, line * len(rows) + 12)
    draw_plate(painter, box, "", font)
    painter.save()
    painter.setFont(font)
    for number, (tint, text) in enumerate(rows):
        top = box.y() + 6 + number * line
        painter.fillRect(QRectF(box.x() + 10, top + (line - swatch) / 2, swatch, swatch), tint)
        painter.setPen(color("text-soft"))
        words = QRectF(box.x() + swatch + 20, top, width - swatch - 20, line)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.restore()


def draw_drop_target(painter: QPainter, area: QRectF, text: str) -> None:
    """The canvas while a file is dragged over it: a frame, and words in the middle."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(area, QColor(20, 20, 20, 120))
    painter.setPen(QPen(color("accent"), 3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area.adjusted(4, 4, -4, -4), 8, 8)
    font = QFont(painter.font())
    font.setPixelSize(17)
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(color("text"))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def draw_pen(painter: QPainter, x: float, y: float, radius: float, faint: bool = False) -> None:
    """The outline of the brush: light inside dark, seen on every ground."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    alpha = 110 if faint else 235
    centre = QPointF(x, y)
    painter.setPen(QPen(QColor(0, 0, 0, alpha * 2 // 3), 1))
    painter.drawEllipse(centre, radius + 1.0, radius + 1.0)
    painter.setPen(QPen(QColor(255, 255, 255, alpha), 1))
    painter.drawEllipse(centre, radius, radius)
    if not faint:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255, 200))
        painter.drawEllipse(centre, 1.0, 1.0)
    painter.restore()


def draw_string(painter: QPainter, view: View, pane: Box, tip: Point, pointer: Point) -> None:
    """The line from the tip of a stabilised brush to the pointer that it trails behind."""
    ends = QPointF(*view.to_widget(pane, *tip)), QPointF(*view.to_widget(pane, *pointer))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in (QPen(QColor(0, 0, 0, 120), 2.4), QPen(QColor(255, 255, 255, 190), 1.0)):
        painter.setPen(pen)
        painter.drawLine(*ends)
    painter.restore()


def draw_lasso(painter: QPainter, view: View, pane: Box, points: Sequence[Point]) -> None:
    """The lasso's outline so far, closed by a fine line."""
    if len(points) < 2:
        return
    line = QPolygonF([QPointF(*view.to_widget(pane, *point)) for point in points])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(255, 255, 255, 28))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 180), 2.4))
    painter.drawPolyline(line)
    painter.setPen(QPen(QColor(255, 255, 255), 1.2))
    painter.drawPolyline(line)
    painter.setPen(QPen(QColor(255, 255, 255, 150), 1, Qt.PenStyle.DashLine))
    painter.drawLine(line.last(), line.first())
    painter.restore()


def draw_ants(painter: QPainter, path: QPainterPath, phase: int) -> None:
    """Marching ants along an outline in the widget: white dashes on black, seen on every colour.

    Args:
        painter: clipped to the pane.
        path: the outline.
        phase: 0..7, how far the ants have gone.
    """
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0), 1.4))
    painter.drawPath(path)
    pen = QPen(QColor(255, 255, 255), 1.4)
    pen.setDashPattern([4 / 1.4, 4 / 1.4])
    pen.setDashOffset(-phase / 1.4)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawPath(path)
    painter.restore()


def draw_box(
    painter: QPainter,
    corners: Sequence[QPointF],
    top: QPointF,
    knob: QPointF,
    handles: Sequence[QPointF],
    held: QPointF | None,
) -> None:
    """The box of a transform.

    Args:
        painter: clipped to the pane.
        corners: the four corners, in turn.
        top: the middle of the upper side, from which a line leads to the knob.
        knob: the handle that rotates.
        handles: all handles, the knob among them.
        held: the one under the pointer.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(0, 0, 0, 150), 3), QPen(color("accent"), 1.2)):
        painter.setPen(pen)
        painter.drawPolygon(QPolygonF(list(corners)))
        painter.drawLine(top, knob)
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.2))
    for place in handles:
        painter.setBrush(color("accent") if place == held else QColor(255, 255, 255))
        if place == knob:
            painter.drawEllipse(place, 5.0, 5.0)
        else:
            painter.drawRect(QRectF(place.x() - 4, place.y() - 4, 8, 8))
    painter.restore()


def draw_comb(
    painter: QPainter, view: View, pane: Box, strokes: Sequence[Sequence[Point]], current: Sequence[Point] = ()
) -> None:
    """Strokes of the comb as thin lines with a dot where the hair grows from; the one under the pen stands out."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for points in (*strokes, current):
        if len(points) == 0:
            continue
        line = QPolygonF([QPointF(*view.to_widget(pane, float(x), float(y))) for x, y in points])
        strong = points is current
        painter.setPen(QPen(QColor(0, 0, 0, 150), 3.0 if strong else 2.2))
        painter.drawPolyline(line)
        painter.setPen(QPen(color("accent") if strong else QColor(255, 255, 255, 210), 1.6 if strong else 1.1))
        painter.drawPolyline(line)
        painter.setBrush(color("accent") if strong else QColor(255, 255, 255, 230))
        painter.drawEllipse(line.first(), 2.2, 2.2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.restore()


def draw_axis(painter: QPainter, view: View, pane: Box, axis: FaceAxis) -> None:
    """The line of symmetry across the whole pane."""
    reach = 4 * MASK_SIZE
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    start = QPointF(*view.to_widget(pane, axis.x - axis.dx * reach, axis.y - axis.dy * reach))
    end = QPointF(*view.to_widget(pane, axis.x + axis.dx * reach, axis.y + axis.dy * reach))
    painter.setPen(QPen(QColor(0, 0, 0, 120), 2))
    painter.drawLine(start, end)
    painter.setPen(QPen(color("accent"), 1, Qt.PenStyle.DashLine))
    painter.drawLine(start, end)
    painter.restore()


def draw_wipe(painter: QPainter, start: QPointF, end: QPointF, handle: QPointF) -> None:
    """The wipe's line with its handle."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 130), 3))
    painter.drawLine(start, end)
    painter.setPen(QPen(QColor(255, 255, 255, 230), 1.4))
    painter.drawLine(start, end)
    x, y = handle.x(), handle.y()
    painter.setBrush(color("raised"))
    painter.drawEllipse(QPointF(x, y), HANDLE - 2, HANDLE - 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(color("text"), 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for side in (-1, 1):
        tip = QPointF(x + side * 8, y)
        painter.drawPolyline([QPointF(x + side * 4, y - 4), tip, QPointF(x + side * 4, y + 4)])
    painter.restore()


def loading_card(picture: Box) -> QRectF:
    """Where the card lies over the picture while there is no face."""
    x, y = picture.centre
    return QRectF(x - 130, y - 60, 260, 120)


def draw_loading(painter: QPainter, picture: Box, ghost: QImage, text: str, hint: str, turn: float | None) -> None:
    """The face half without a face: the mask as a pale shape, a turning arc (``turn`` 0..1; None: a bar) and words."""
    target = qrect(picture)
    painter.save()
    painter.fillRect(target, color("panel"))
    painter.setOpacity(0.22)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    painter.drawImage(target, ghost)
    painter.setOpacity(1.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    card = loading_card(picture)
    painter.setPen(QPen(color("line"), 1))
    painter.setBrush(color("window", 225))
    painter.drawRoundedRect(card, 10, 10)
    ring = QRectF(card.center().x() - 14, card.y() + 18, 28, 28)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color("control-hover"), 3))
    painter.drawEllipse(ring)
    if turn is None:
        painter.drawLine(ring.center() - QPointF(6, 0), ring.center() + QPointF(6, 0))
    else:
        pen = QPen(color("accent"), 3)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, round(90 * 16 - turn * 360 * 16), -100 * 16)
    font = QFont(painter.font())
    font.setPixelSize(14)
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(color("text"))
    painter.drawText(QRectF(card.x(), card.y() + 56, card.width(), 24), Qt.AlignmentFlag.AlignCenter, text)
    font.setPixelSize(11)
    font.setWeight(QFont.Weight.Normal)
    painter.setFont(font)
    painter.setPen(color("text-soft"))
    painter.drawText(QRectF(card.x(), card.y() + 82, card.width(), 20), Qt.AlignmentFlag.AlignCenter, hint)
    painter.restore()
