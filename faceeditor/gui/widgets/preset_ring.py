"""A ring of presets: the handle inside mixes them, the nearer the more. A drag is one gesture."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceeditor.gui.colors import TOKENS, color
from faceeditor.gui.widgets.gesture import Gesture
from faceeditor.interaction.preset_mix import inside, places, ring_weights

_HEIGHT, _PICTURE, _INSET = 228, 38, 0.08
_LARGEST, _SMALLEST = 78.0, 44.0
_HANDLE = 7.0
_UPRIGHT = 0.3  # a preset whose place is nearer to the vertical has its name above or below
_STEP = 0.08
_FINE = 0.1


class PresetRing(QWidget):
    """Shows presets on a circle and a handle within.

    Signals:
        started: the handle is taken.
        moved: x, y of the handle in the unit disc, x to the right and y down.
        ended: it is let go.
        menu_wanted: index of a preset (-1 for none), and where on the screen.
    """

    started = Signal()
    moved = Signal(float, float)
    ended = Signal()
    menu_wanted = Signal(int, object)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: list[str] = []
        self.at = (0.0, 0.0)
        self._pictures: list[QPixmap | None] = []
        self._pictured = False
        self._held: tuple[float, float] | None = None  # the pointer in the disc, unclamped
        self._last = QPointF()
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            self.tr("Drag the handle towards a preset. Shift moves it finely; a double click brings it to the middle.")
        )
        self._gesture = Gesture(self)
        self._gesture.started.connect(self.started)
        self._gesture.ended.connect(self.ended)
        self._gesture.ended.connect(self.update)
        self._font = QFont(self.font())
        self._font.setPixelSize(int(TOKENS["font-small"].removesuffix("px")))

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    def set_presets(self, names: Sequence[str], pictures: Sequence[QPixmap | None] = ()) -> None:
        """The presets on the ring, the first one on top, clockwise.

        Args:
            names: of the presets.
            pictures: square ones, in the order of the names; None where it is not there yet. None at all: only dots.
        """
        self.names = list(names)
        self._pictured = bool(pictures)
        self._pictures = [*pictures, *([None] * (len(names) - len(pictures)))]
        self._tell()
        self.update()

    def show_handle(self, x: float, y: float) -> None:
        """Show where the handle is; a drag under way is left alone."""
        if not self._gesture.active and (x, y) != self.at:
            self.at = (x, y)
            self._tell()
            self.update()

    def weights(self) -> tuple[float, tuple[float, ...]]:
        """Shares of the middle and of the presets."""
        return ring_weights(len(self.names), *self.at)

    def _tell(self) -> None:
        if self.names:
            _, shares = self.weights()
            parts = [f"{name} {share:.0%}" for name, share in zip(self.names, shares, strict=True) if share >= 0.05]
            self.setAccessibleDescription(", ".join(parts))

    # Geometry.

    @property
    def middle(self) -> QPointF:
        """The middle of the ring in the widget: what is drawn around it leaves as much room above as below."""
        heights = [y * self.radius for _, y in places(len(self.names))] or [0.0]
        return QPointF(self.width() / 2, self.height() / 2 - (max(heights) + min(heights)) / 2)

    @property
    def radius(self) -> float:
        """The ring's radius in pixels of the widget."""
        metrics = QFontMetricsF(self._font)
        room = _LARGEST
        for index, (x, y) in enumerate(places(len(self.names))):
            if abs(x) < _UPRIGHT:
                room = min(room, (self.height() / 2 - self._reach(index) - metrics.height()) / abs(y))
            else:
                width = metrics.horizontalAdvance(self.names[index]) + 2
                room = min(room, (self.width() / 2 - self._reach(index) - width) / abs(x))
        return max(_SMALLEST, room)

    def _reach(self, index: int) -> float:
        """From the middle of a preset's dot to its name."""
        return _PICTURE / 2 + 4.0 if self._pictured else 11.0

    def point_of(self, x: float, y: float) -> QPointF:
        """Where a point of the unit disc lies in the widget."""
        return self.middle + QPointF(x, y) * self.radius

    def preset_at(self, point: QPointF) -> int:
        """Index of the preset whose dot or name is near a point of the widget, else -1."""
        for index, place in enumerate(places(len(self.names))):
            dot = self.point_of(*place)
            reach = self._reach(index)
            around = QRectF(dot.x() - reach, dot.y() - reach, 2 * reach, 2 * reach)
            if self._name_rect(index).united(around).contains(point):
                return index
        return -1

    def _name_rect(self, index: int) -> QRectF:
        x, y = places(len(self.names))[index]
        reach = self._reach(index)
        metrics = QFontMetricsF(self._font)
        width, height = metrics.horizontalAdvance(self.names[index]) + 2, metrics.height()
        dot = self.point_of(x, y)
        if abs(x) < _UPRIGHT:
            left, top = dot.x() - width / 2, (dot.y() - reach - height if y < 0 else dot.y() + reach)
        else:
            left, top = (dot.x() + reach if x > 0 else dot.x() - reach - width), dot.y() - height / 2
        left = min(max(left, 0.0), max(0.0, self.width() - width))
        return QRectF(left, top, min(width, self.width() - left), height)

    # Mouse and keys.

    def _end(self) -> None:
        self._held = None
        self._gesture.end()

    def _move_to(self, x: float, y: float) -> None:
        at = inside(x, y)
        if at != self.at:
            self._gesture.begin()
            self.at = at
            self._tell()
            self.moved.emit(*at)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or len(self.names) < 2:
            event.ignore()
            return
        point = event.position()
        preset = self.preset_at(point)
        offset = point - self.middle
        distance = (offset.x() ** 2 + offset.y() ** 2) ** 0.5 / self.radius
        if preset < 0 and distance > 1.15:
            event.ignore()
            return
        self._gesture.begin()
        if not self._on_handle(point):
            goal = places(len(self.names))[preset] if preset >= 0 else (offset.x(), offset.y())
            self._move_to(*(goal if preset >= 0 else (goal[0] / self.radius, goal[1] / self.radius)))
        self._held, self._last = self.at, point
        event.accept()

    def _on_handle(self, point: QPointF) -> bool:
        return (point - self.point_of(*self.at)).manhattanLength() <= _HANDLE * 1.6

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            return
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self._end()  # the release went to another window
            return
        speed = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        by = (event.position() - self._last) * (speed / self.radius)
        self._last = event.position()
        self._held = (self._held[0] + by.x(), self._held[1] + by.y())
        self._move_to(*self._held)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._held is not None:
            self._end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._on_handle(event.position()) or self.preset_at(event.position()) < 0:
            self._end()
            self._move_to(0.0, 0.0)
            self._end()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(self.preset_at(QPointF(event.pos())), event.globalPos())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        steps = {keys.Key_Left: (-1, 0), keys.Key_Right: (1, 0), keys.Key_Up: (0, -1), keys.Key_Down: (0, 1)}
        key = Qt.Key(event.key())
        if key in steps and self.names:
            size = _STEP * (_FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0)
            self._move_to(self.at[0] + steps[key][0] * size, self.at[1] + steps[key][1] * size)
            self._gesture.end_when_idle()
        elif key in (keys.Key_Home, keys.Key_Backspace):
            self._move_to(0.0, 0.0)
            self._end()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._held is None:
            self._end()
        self.update()
        super().focusOutEvent(event)

    # Drawing.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        on = self.isEnabled()
        middle, radius = self.middle, self.radius
        painter.setPen(QPen(color("line"), 1))
        painter.setBrush(color("well"))
        painter.drawEllipse(middle, radius, radius)
        if self.names:
            _, shares = self.weights()
            handle = self.point_of(*self.at)
            for index, place in enumerate(places(len(self.names))):
                strength = shares[index] if on else 0.0
                line = color("accent", round(30 + 225 * strength)) if on else color("line")
                painter.setPen(QPen(line, 1 + 2 * strength))
                painter.drawLine(handle, self.point_of(*place))
            for index, place in enumerate(places(len(self.names))):
                self._draw_preset(painter, index, self.point_of(*place), shares[index], on)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("text-dim"))
        painter.drawEllipse(middle, 2.5, 2.5)
        self._draw_handle(painter, on)
        painter.end()

    def _draw_preset(self, painter: QPainter, index: int, dot: QPointF, share: float, on: bool) -> None:
        picture = self._pictures[index]
        chosen = on and share > 0.5
        if picture is None:
            painter.setPen(QPen(color("panel"), 2))
            painter.setBrush(color("accent" if on and share > 0.15 else "control-hover"))
            painter.drawEllipse(dot, 5.5, 5.5)
        else:
            half = _PICTURE / 2
            body = QRectF(dot.x() - half, dot.y() - half, _PICTURE, _PICTURE)
            outline = QPainterPath()
            outline.addEllipse(body)
            painter.setOpacity(1.0 if on else 0.4)
            painter.setClipPath(outline)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            inset = _INSET * picture.width()  # the features, which are all that is seen at this size
            painter.drawPixmap(body, picture, QRectF(picture.rect()).adjusted(inset, inset, -inset, -inset))
            painter.setClipping(False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("accent") if on and share > 0.15 else color("edge"), 1.5 + 1.5 * share))
            painter.drawEllipse(body)
            painter.setOpacity(1.0)
        painter.setPen(color("text" if chosen else "text-soft") if on else color("text-dim"))
        painter.drawText(self._name_rect(index), Qt.AlignmentFlag.AlignCenter, self.names[index])

    def _draw_handle(self, painter: QPainter, on: bool) -> None:
        handle = self.point_of(*self.at)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.hasFocus() and on:
            painter.setBrush(color("accent"))
            painter.drawEllipse(handle, _HANDLE + 1.5, _HANDLE + 1.5)
        painter.setBrush(color("handle" if on else "control-hover"))
        if on and (self._held is not None or self.hasFocus()):
            painter.setBrush(Qt.GlobalColor.white)
        painter.drawEllipse(handle, _HANDLE - 0.5, _HANDLE - 0.5)
