"""The hand on the head gizmo: mouse, pen and keys over the canvas turn the head of the portrait."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QPainter

from faceeditor.errors import FaceEditorError
from faceeditor.gui.canvas import overlays as paint
from faceeditor.gui.canvas.gizmo_painter import GizmoPainter, draw_note, draw_readout
from faceeditor.gui.widgets.basic import KEYBOARD_GESTURE_MS
from faceeditor.interaction.head_gizmo import (
    Hold,
    TurnGesture,
    chosen_hold,
    gizmo_of,
    hold_at,
    nudged,
    readout,
    with_gaze,
)
from faceeditor.interaction.view import Box, View
from faceeditor.portrait.brush import Point

if TYPE_CHECKING:
    from faceeditor.gui.controllers.head_controller import HeadDesk

_REACH = 8.0
"""How close to a handle counts as on it, in pixels of the widget."""
_GROUPS = {Hold.TURN: "pose", Hold.ROLL: "pose", Hold.GAZE: "expression"}
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}

Modifiers = Qt.KeyboardModifier


class HeadTurner(QObject):
    """What the canvas asks while its Turn tool is in hand or Ctrl is held. Positions are picture coordinates.

    Signals:
        moved: the gizmo looks different; the canvas paints it anew.
    """

    moved = Signal()

    def __init__(self, desk: "HeadDesk", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.gesture: TurnGesture | None = None
        self._hold: Hold | None = None  # under the pointer, or in the hand
        self._pointer: QPointF | None = None
        self._keys: Hold | None = None  # what the arrow keys are moving
        self._idle = QTimer(self, interval=KEYBOARD_GESTURE_MS, singleShot=True)
        self._idle.timeout.connect(self.end_keys)
        desk.changed.connect(self.moved)
        desk.locks_changed.connect(self.moved)
        desk.session.open_work_ended.connect(self.forget)
        desk.session.portrait_replaced.connect(self.forget)

    # What there is.

    @property
    def hold(self) -> Hold | None:
        """What the pointer has or would take hold of."""
        return self._hold if self.gesture is None else self.gesture.hold

    def hold_for(self, at: Point, zoom: float, modifiers: Modifiers) -> Hold:
        """What a point takes hold of with these keys."""
        head = self.desk.head
        place = Hold.TURN if head is None else hold_at(gizmo_of(head), at, _REACH / zoom)
        return chosen_hold(*_shift_alt(modifiers), place)

    @property
    def obstacle(self) -> str:
        """Why the head cannot be turned now; empty if it can."""
        if self.desk.head is None:
            return self.tr("Reading the head from the face ...")
        if self.desk.locked(_GROUPS[self.hold or Hold.TURN]):
            if self.hold is Hold.GAZE:
                return self.tr("The expression is locked")
            return self.tr("The pose is locked")
        return ""

    # The hand.

    def hover(self, at: Point, zoom: float, modifiers: Modifiers) -> None:
        """The pointer moves over the canvas with nothing held."""
        hold = self.hold_for(at, zoom, modifiers)
        if hold is not self._hold:
            self._hold = hold
            self.moved.emit()

    def leave(self) -> None:
        """The pointer is elsewhere."""
        if self._hold is not None:
            self._hold = None
            self.moved.emit()

    def press(self, at: Point, widget: QPointF, zoom: float, modifiers: Modifiers) -> bool:
        """Take hold of the head; False if that cannot be done now."""
        self.end_keys()
        place = self.hold_for(at, zoom, Qt.KeyboardModifier.NoModifier)
        self._hold = chosen_hold(*_shift_alt(modifiers), place)
        if self.obstacle:
            self.moved.emit()
            return False
        self.gesture = TurnGesture(self.desk, self._name(self._hold), at, place)
        self.gesture.hold = self._hold
        self._pointer = widget
        self.moved.emit()
        return True

    def drag(self, at: Point, widget: QPointF, modifiers: Modifiers) -> None:
        """The hand moves."""
        if self.gesture is not None:
            self._pointer = widget
            self.gesture.move(at, *_shift_alt(modifiers))
            self.moved.emit()

    def release(self) -> None:
        """The hand lets go: one undo step."""
        gesture, self.gesture = self.gesture, None
        self._pointer = None
        if gesture is not None:
            gesture.end()
            self.moved.emit()

    def abort(self) -> bool:
        """Take the turn under way back; False if there is none."""
        gesture, self.gesture = self.gesture, None
        self._pointer = None
        if gesture is not None:
            gesture.abort()
            self.moved.emit()
        return gesture is not None

    def forget(self) -> None:
        """Something else has ended the turn."""
        self.gesture = self._pointer = self._keys = None
        self._idle.stop()
        self.moved.emit()

    def reset(self, at: Point, zoom: float) -> None:
        """A double click: the pose as it was read; on an eye, the gaze into the camera."""
        self.end_keys()
        head = self.desk.head
        self._hold = self.hold_for(at, zoom, Qt.KeyboardModifier.NoModifier)
        if head is None or self.obstacle:
            return
        if self._hold is Hold.GAZE:
            self.desk.begin(self.tr("Look at the camera"))
            self.desk.set(with_gaze(head, 0.0, 0.0))
            self.desk.end()
        else:
            self.desk.reset_group("pose")

    def key(self, key: int, modifiers: Modifiers) -> bool:
        """An arrow key turns the head a little; a burst of them is one undo step. False if it is no such key."""
        head = self.desk.head
        if key not in _ARROWS or head is None or self.gesture is not None:
            return False
        hold = chosen_hold(*_shift_alt(modifiers))
        if hold is not self._keys:
            self.end_keys()
            self.desk.begin(self._name(hold))
            self._keys = hold
        try:
            self.desk.set(nudged(head, hold, *_ARROWS[Qt.Key(key)]))
        except FaceEditorError as error:
            self.desk.session.failed.emit(str(error))
        self._idle.start()
        return True

    def end_keys(self) -> None:
        """The burst of arrow keys is over."""
        self._idle.stop()
        if self._keys is not None:
            self._keys = None
            self.desk.end()

    def _name(self, hold: Hold) -> str:
        names = {Hold.TURN: self.tr("Turn head"), Hold.ROLL: self.tr("Tilt head"), Hold.GAZE: self.tr("Gaze")}
        return names[hold]

    # Drawing.

    def text(self) -> str:
        """The angles that the hand is changing; empty when it rests."""
        head = self.desk.head
        if head is None or self.gesture is None:
            return ""
        ((hold, first, second),) = readout(head, self.gesture.hold)
        if hold is Hold.ROLL:
            return self.tr("Roll {angle}°").format(angle=_signed(first))
        words = self.tr("Gaze {x}°  {y}°") if hold is Hold.GAZE else self.tr("Yaw {x}°   Pitch {y}°")
        return words.format(x=_signed(first), y=_signed(second))

    def draw(self, painter: QPainter, view: View, pane: Box) -> None:
        """The gizmo with its angles."""
        head = self.desk.head
        if head is not None:
            painter.setOpacity(0.45 if self.obstacle else 1.0)
            GizmoPainter(painter, view, pane).draw(gizmo_of(head), self.hold)
            painter.setOpacity(1.0)
        if self.obstacle:
            draw_note(painter, pane, self.obstacle)

    def draw_text(self, painter: QPainter, pane: Box) -> None:
        """The angles, in the pane where the pointer is."""
        text = self.text()
        if text and self._pointer is not None and pane.contains(self._pointer.x(), self._pointer.y()):
            draw_readout(painter, pane, self._pointer, text)

    def text_area(self, metrics: QFontMetricsF, pane: Box) -> QRect:
        """Where `draw_text` draws, generously; empty if it does not."""
        if self._pointer is None or not pane.contains(self._pointer.x(), self._pointer.y()):
            return QRect()
        reach = metrics.horizontalAdvance("0" * 34)
        area = QRect(round(self._pointer.x() - reach), round(self._pointer.y()) - 60, round(2 * reach), 130)
        return area & paint.qrect(pane).toAlignedRect()


def _shift_alt(modifiers: Modifiers) -> tuple[bool, bool]:
    held = Qt.KeyboardModifier
    return bool(modifiers & held.ShiftModifier), bool(modifiers & held.AltModifier)


def _signed(angle: float) -> str:
    return f"{angle:+.0f}".replace("-", "−").replace("+0", "0")
