"""The light ball: a sphere under the portrait's light, with a handle that turns the key light.

Public API for the panel that holds it:

    ball = LightBall()
    ball.set_light(head.gamma, head.rig)       # whenever the head changes; a drag under way is left alone
    ball.began.connect(lambda: heads.begin(ball.tr("Key light")))
    ball.changed.connect(take)                 # heads.set(with_lamps(heads.head, rig))
    ball.ended.connect(heads.end)

`began` comes before the first `changed` of a gesture and `ended` after its last: a drag, a burst of the wheel or of the
keys is one undo step. While the ball has no light (before the first `set_light`) it is dim and takes no gesture.
"""

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtGui import QWheelEvent as WheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.widgets.gesture import Gesture
from faceeditor.head.light import gamma_to_rig, rig_to_gamma
from faceeditor.interaction.light_shading import (
    RIM,
    STRENGTH_STEP,
    TURN_STEP,
    BallPicture,
    brightened,
    dragged_rig,
    handle_of,
    reset_rig,
    softened,
    turned,
)
from faceeditor.portrait.head import LightRig

_SIDE = 184
_HANDLE = 7.0
_MARGIN = _HANDLE + 3.0
# A drag over this share of the ball's diameter goes from the hardest lamp to the softest.
_SOFTNESS_SPAN = 1.0
_ARROWS = {
    Qt.Key.Key_Left: (-TURN_STEP, 0.0),
    Qt.Key.Key_Right: (TURN_STEP, 0.0),
    Qt.Key.Key_Up: (0.0, TURN_STEP),
    Qt.Key.Key_Down: (0.0, -TURN_STEP),
}
_BRIGHTER = (Qt.Key.Key_PageUp, Qt.Key.Key_Plus)
_DARKER = (Qt.Key.Key_PageDown, Qt.Key.Key_Minus)


class LightBall(QWidget):
    """A ball under the portrait's light; its handle is the key light.

    Dragging turns the key light, on the ball in front of the face and in the ring around it behind; Shift + drag makes
    it softer or harder, the wheel stronger or weaker, a double click resets it. Arrow keys turn it by five degrees,
    Page Up and Page Down are the wheel, Esc takes a drag back.

    Signals:
        began: a gesture begins.
        changed: the new LightRig.
        ended: the gesture is over.
    """

    began = Signal()
    changed = Signal(object)
    ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rig: LightRig | None = None
        self._gamma = np.zeros((9, 3), np.float32)
        self._before: LightRig | None = None  # as the open gesture found it
        self._grip: tuple[float, float] | None = None  # from the pointer to the handle; None: no drag
        self._at = QPointF()
        self._hover = False
        self._picture: BallPicture | None = None
        self._image: tuple[npt.NDArray[np.uint8], QImage] | None = None
        self._gesture = Gesture(self)
        self._gesture.started.connect(self.began)
        self._gesture.ended.connect(self._settle)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(False)
        self.setSizePolicy(policy)
        self.setAccessibleName(self.tr("Light ball"))
        self.setToolTip(
            self.tr(
                "Drag: move the key light; the outer ring is behind the head\n"
                "Shift + drag up or down: softer or harder\nWheel: stronger or weaker\nDouble-click: reset"
            )
        )
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)

    # The light.

    @property
    def rig(self) -> LightRig | None:
        """The light that is shown, as lamps; None before the first `set_light`."""
        return self._rig

    def set_light(self, gamma: npt.NDArray[np.floating], rig: LightRig | None = None) -> None:
        """Show a light; a gesture under way is left alone.

        Args:
            gamma: (9, 3) spherical harmonics of the light in camera axes.
            rig: the lamps it was made from; None: the nearest ones are found.
        """
        if self._gesture.active:
            return
        array = np.array(gamma, np.float32)
        if self._rig is not None and np.array_equal(array, self._gamma) and (rig is None or rig == self._rig):
            return
        self._gamma = array
        self._rig = rig if rig is not None else gamma_to_rig(array)
        self._describe()
        self.update()

    def _take(self, rig: LightRig) -> None:
        """Show the user's rig and emit it; the part of the light beyond the lamps is kept."""
        if rig == self._rig or self._rig is None:
            return
        self._gamma = self._gamma + rig_to_gamma(rig) - rig_to_gamma(self._rig)
        self._rig = rig
        self._describe()
        self.update()
        self.changed.emit(rig)

    def _begin(self) -> LightRig | None:
        """Open a gesture if none is open and return the rig; None if there is no light to change."""
        if self._rig is None or not self.isEnabled():
            return None
        if not self._gesture.active:
            self._before = self._rig
        self._gesture.begin()
        return self._rig

    def _end(self) -> None:
        self._grip = None
        self._gesture.end()

    def _settle(self) -> None:
        self._before = None
        self.ended.emit()
        self.update()

    def _step(self, rig: LightRig) -> None:
        """A change by wheel or key: those that follow soon belong to it."""
        self._take(rig)
        if self._grip is None:
            self._gesture.end_when_idle()

    def _describe(self) -> None:
        text = self.tr("No light yet") if self._rig is None else self.readout
        self.setAccessibleDescription(text)

    @property
    def readout(self) -> str:
        """The key light in words."""
        rig = self._rig
        if rig is None:
            return ""
        azimuth, elevation = round(rig.azimuth), round(rig.elevation)
        side = self.tr("right") if azimuth >= 0 else self.tr("left")
        height = self.tr("up") if elevation >= 0 else self.tr("down")
        return self.tr("{a}° {side}, {e}° {height}, strength {s} %, softness {soft} %").format(
            a=abs(azimuth),
            side=side,
            e=abs(elevation),
            height=height,
            s=round(rig.strength * 100),
            soft=round(rig.softness * 100),
        )

    # Where things lie.

    @property
    def _ball(self) -> tuple[QPointF, float]:
        """Middle and radius of the ball in the widget."""
        radius = (min(self.width(), self.height()) / 2 - _MARGIN) / RIM
        return QPointF(self.width() / 2, self.height() / 2), max(radius, 8.0)

    def to_widget(self, x: float, y: float) -> QPointF:
        """A position on the ball (radii, y up) -> a point of the widget."""
        middle, radius = self._ball
        return QPointF(middle.x() + x * radius, middle.y() - y * radius)

    def to_ball(self, at: QPointF) -> tuple[float, float]:
        """A point of the widget -> a position on the ball (radii, y up)."""
        middle, radius = self._ball
        return (at.x() - middle.x()) / radius, (middle.y() - at.y()) / radius

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._rig is None:
            super().mousePressEvent(event)
            return
        x, y = self.to_ball(event.position())
        if math.hypot(x, y) > RIM + 0.15 or not self._begin():
            return
        handle = handle_of(self._rig.azimuth, self._rig.elevation)
        near = (self.to_widget(*handle) - event.position()).manhattanLength() <= 2.5 * _HANDLE
        self._at = event.position()
        # A drag of the handle keeps its offset to the pointer; elsewhere the handle jumps to the pointer.
        self._grip = (handle[0] - x, handle[1] - y) if near else (0.0, 0.0)
        if not near and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._take(dragged_rig(self._rig, x, y))
        self.update()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None or self._rig is None:
            self._hover_at(event.position())
            return
        if event.buttons() == Qt.MouseButton.NoButton:
            self._end()  # the release went to another window
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            _, radius = self._ball
            self._take(softened(self._rig, (self._at.y() - event.position().y()) / (2 * radius * _SOFTNESS_SPAN)))
            handle, (x, y) = handle_of(self._rig.azimuth, self._rig.elevation), self.to_ball(event.position())
            self._grip = (handle[0] - x, handle[1] - y)  # letting go of Shift does not make the lamp jump
        else:
            x, y = self.to_ball(event.position())
            self._take(dragged_rig(self._rig, x + self._grip[0], y + self._grip[1]))
        self._at = event.position()
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._grip is not None:
            self._end()
            event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (rig := self._begin()):
            self._take(reset_rig(rig))
            self._end()
            event.accept()

    def wheelEvent(self, event: WheelEvent) -> None:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
        if notches and (rig := self._begin()):
            self._step(brightened(rig, notches * STRENGTH_STEP))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._before is not None:
            self._take(self._before)
            self._end()
        elif key in _ARROWS and (rig := self._begin()):
            self._step(turned(rig, *_ARROWS[key]))
        elif key in (*_BRIGHTER, *_DARKER) and (rig := self._begin()):
            self._step(brightened(rig, STRENGTH_STEP if key in _BRIGHTER else -STRENGTH_STEP))
        elif key == Qt.Key.Key_Home and (rig := self._begin()):
            self._step(reset_rig(rig))
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._end()
        super().focusOutEvent(event)

    def leaveEvent(self, event: object) -> None:
        self._hover_at(None)

    def _hover_at(self, at: QPointF | None) -> None:
        hover = False
        if at is not None and self._rig is not None:
            handle = self.to_widget(*handle_of(self._rig.azimuth, self._rig.elevation))
            hover = (handle - at).manhattanLength() <= 2.5 * _HANDLE
            inside = math.hypot(*self.to_ball(at)) <= RIM
            shape = Qt.CursorShape.OpenHandCursor if hover else Qt.CursorShape.PointingHandCursor
            self.setCursor(shape if inside or hover else Qt.CursorShape.ArrowCursor)
        if hover != self._hover:
            self._hover = hover
            self.update()

    # Drawing.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, radius = self._ball
        self._draw_ring(painter, middle, radius)
        if self._rig is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("control-down"))
            painter.drawEllipse(middle, radius, radius)
            painter.end()
            return
        if not self.isEnabled():
            painter.setOpacity(0.4)
        box = QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(box, self._ball_image(radius))
        self._draw_handle(painter)
        if self._before is not None:
            self._draw_readout(painter)
        painter.end()

    def _ball_image(self, radius: float) -> QImage:
        size = max(8, round(2 * radius * self.devicePixelRatioF()))
        if self._picture is None or self._picture.size != size:
            self._picture = BallPicture(size)
        pixels = self._picture.render(self._gamma, self._rig or LightRig())
        if self._image is None or self._image[0] is not pixels:
            # The image shares the array's memory, so the array is kept beside it.
            image = QImage(pixels.data, size, size, 4 * size, QImage.Format.Format_RGBA8888_Premultiplied)
            self._image = (pixels, image)
        return self._image[1]

    def _draw_ring(self, painter: QPainter, middle: QPointF, radius: float) -> None:
        """The place of the lamps that stand behind."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("well"))
        painter.drawEllipse(middle, radius * RIM, radius * RIM)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color("accent" if self.hasFocus() else "line"), 1))
        painter.drawEllipse(middle, radius * RIM, radius * RIM)

    def _draw_handle(self, painter: QPainter) -> None:
        rig = self._rig
        if rig is None:
            return
        x, y = handle_of(rig.azimuth, rig.elevation)
        at = self.to_widget(x, y)
        behind = math.hypot(x, y) > 1.0
        lamp = QColor.fromRgbF(*rig.colour)
        grown = _HANDLE + (1.0 if self._hover or self._grip is not None else 0.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 170), 3.6))
        painter.drawEllipse(at, grown, grown)
        painter.setPen(QPen(color("accent"), 1.8))
        # A lamp in front is filled with its colour, as strong as it shines; one behind is a hollow ring.
        if not behind:
            lamp.setAlphaF(min(1.0, 0.35 + 0.65 * min(rig.strength, 1.0)))
            painter.setBrush(lamp)
        painter.drawEllipse(at, grown, grown)
        if behind:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(lamp)
            painter.drawEllipse(at, 2.2, 2.2)

    def _draw_readout(self, painter: QPainter) -> None:
        rig = self._rig
        if rig is None:
            return
        shift = self._before is not None and self._before.softness != rig.softness
        strength = self._before is not None and self._before.strength != rig.strength
        if shift:
            text = self.tr("Softness {n} %").format(n=round(rig.softness * 100))
        elif strength:
            text = self.tr("Strength {n} %").format(n=round(rig.strength * 100))
        else:
            text = f"{round(rig.azimuth)}°  {round(rig.elevation)}°"
        font = QFont(painter.font())
        font.setPixelSize(11)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(text) + 14
        box = QRectF(0, self.height() - 19, width, 19)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 20, 20, 215))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
