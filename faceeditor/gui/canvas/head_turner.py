"""Drags and keys on the head gizmo turn the head of the portrait."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QPainter

from faceeditor.errors import FaceEditorError
from faceeditor.gui.canvas.gizmo_painter import GizmoPainter, draw_note, draw_readout
from faceeditor.gui.widgets.gesture import Gesture
from faceeditor.interaction.head_gizmo import (
    GizmoPart,
    TurnGesture,
    chosen_part,
    gizmo_of,
    nudged,
    part_at,
    readout,
    with_gaze,
)
from faceeditor.interaction.view import Box, View
from faceeditor.portrait.brush import Point

if TYPE_CHECKING:
    from faceeditor.gui.controllers.head_controller import HeadController

_REACH = 8.0
"""How close to a handle counts as on it, in pixels of the widget."""
_GROUPS = {GizmoPart.TURN: "pose", GizmoPart.ROLL: "pose", GizmoPart.GAZE: "expression"}
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}

Modifiers = Qt.KeyboardModifier


class HeadTurner(QObject):
    """Used by the canvas while the Turn tool is selected or Ctrl is held. Positions are picture coordinates.

    Signals:
        moved: the gizmo looks different; the canvas paints it anew.
    """

    moved = Signal()

    def __init__(self, heads: "HeadController", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heads = heads
        self.gesture: TurnGesture | None = None
        self._part: GizmoPart | None = None  # hovered or dragged
        self._pointer: QPointF | None = None
        self._keys: GizmoPart | None = None  # what the arrow keys are moving
        self._burst = Gesture(self)
        self._burst.ended.connect(self._end_burst)
        heads.changed.connect(self.moved)
        heads.locks_changed.connect(self.moved)
        heads.session.open_work_ended.connect(self.forget)
        heads.session.portrait_replaced.connect(self.forget)

    # What there is.

    @property
    def part(self) -> GizmoPart | None:
        """The hovered or dragged part."""
        return self._part if self.gesture is None else self.gesture.part

    def part_for(self, at: Point, zoom: float, modifiers: Modifiers) -> GizmoPart:
        """The part at a point with these modifier keys."""
        head = self.heads.head
        place = GizmoPart.TURN if head is None else part_at(gizmo_of(head), at, _REACH / zoom)
        return chosen_part(*_shift_alt(modifiers), place)

    @property
    def obstacle(self) -> str:
        """Why the head cannot be turned now; empty if it can."""
        if self.heads.head is None:
            return self.tr("Detecting the head ...")
        if self.heads.locked(_GROUPS[self.part or GizmoPart.TURN]):
            if self.part is GizmoPart.GAZE:
                return self.tr("The expression is locked")
            return self.tr("The pose is locked")
        return ""

    # Dragging.

    def hover(self, at: Point, zoom: float, modifiers: Modifiers) -> None:
        """The pointer moves over the canvas without a drag."""
        part = self.part_for(at, zoom, modifiers)
        if part is not self._part:
            self._part = part
            self.moved.emit()

    def leave(self) -> None:
        """The pointer left the canvas."""
        if self._part is not None:
            self._part = None
            self.moved.emit()

    def press(self, at: Point, widget: QPointF, zoom: float, modifiers: Modifiers) -> bool:
        """Start a drag; False if the head cannot be turned now."""
        self.end_keys()
        place = self.part_for(at, zoom, Qt.KeyboardModifier.NoModifier)
        self._part = chosen_part(*_shift_alt(modifiers), place)
        if self.obstacle:
            self.moved.emit()
            return False
        self.gesture = TurnGesture(self.heads, self._name(self._part), at, place)
        self.gesture.part = self._part
        self._pointer = widget
        self.moved.emit()
        return True

    def drag(self, at: Point, widget: QPointF, modifiers: Modifiers) -> None:
        """Continue the drag."""
        if self.gesture is not None:
            self._pointer = widget
            self.gesture.move(at, *_shift_alt(modifiers))
            self.moved.emit()

    def release(self) -> None:
        """End the drag: one undo step."""
        gesture, self.gesture = self.gesture, None
        self._pointer = None
        if gesture is not None:
            gesture.end()
            self.moved.emit()

    def abort(self) -> bool:
        """Cancel the drag; False if there is none."""
        gesture, self.gesture = self.gesture, None
        self._pointer = None
        if gesture is not None:
            gesture.abort()
            self.moved.emit()
        return gesture is not None

    def forget(self) -> None:
        """The drag was ended by something else."""
        self.gesture = self._pointer = self._keys = None
        self._burst.forget()
        self.moved.emit()

    def reset(self, at: Point, zoom: float) -> None:
        """Double-click: reset the pose; on an eye, look at the camera."""
        self.end_keys()
        head = self.heads.head
        self._part = self.part_for(at, zoom, Qt.KeyboardModifier.NoModifier)
        if head is None or self.obstacle:
            return
        if self._part is GizmoPart.GAZE:
            self.heads.begin(self.tr("Look at the camera"))
            self.heads.set(with_gaze(head, 0.0, 0.0))
            self.heads.end()
        else:
            self.heads.reset_group("pose")

    def key(self, key: int, modifiers: Modifiers) -> bool:
        """An arrow key turns the head a little; a burst of them is one undo step. False if it is no such key."""
        head = self.heads.head
        if key not in _ARROWS or head is None or self.gesture is not None:
            return False
        part = chosen_part(*_shift_alt(modifiers))
        if part is not self._keys:
            self.end_keys()
            self._burst.begin()
            self.heads.begin(self._name(part))
            self._keys = part
        try:
            self.heads.set(nudged(head, part, *_ARROWS[Qt.Key(key)]))
        except FaceEditorError as error:
            self.heads.session.failed.emit(str(error))
        self._burst.end_when_idle()
        return True

    def end_keys(self) -> None:
        """The burst of arrow keys is over."""
        self._burst.end()

    def _end_burst(self) -> None:
        self._keys = None
        self.heads.end()

    def _name(self, part: GizmoPart) -> str:
        names = {
            GizmoPart.TURN: self.tr("Turn head"),
            GizmoPart.ROLL: self.tr("Tilt head"),
            GizmoPart.GAZE: self.tr("Gaze"),
        }
        return names[part]

    # Drawing.

    def text(self) -> str:
        """The angles being dragged; empty without a drag."""
        head = self.heads.head
        if head is None or self.gesture is None:
            return ""
        ((part, first, second),) = readout(head, self.gesture.part)
        if part is GizmoPart.ROLL:
            return self.tr("Roll {angle}°").format(angle=_signed(first))
        words = self.tr("Gaze {x}°  {y}°") if part is GizmoPart.GAZE else self.tr("Yaw {x}°   Pitch {y}°")
        return words.format(x=_signed(first), y=_signed(second))

    def draw(self, painter: QPainter, view: View, pane: Box) -> None:
        """The gizmo with its angles."""
        head = self.heads.head
        if head is not None:
            painter.setOpacity(0.45 if self.obstacle else 1.0)
            GizmoPainter(painter, view, pane).draw(gizmo_of(head), self.part)
            painter.setOpacity(1.0)
        if self.obstacle:
            draw_note(painter, pane, self.obstacle)

    def draw_text(self, painter: QPainter, pane: Box) -> None:
        """The angles, in the pane where the pointer is."""
        text = self.text()
        if text and self._pointer is not None and pane.contains(self._pointer.x(), self._pointer.y()):
            draw_readout(painter, pane, self._pointer, text)


def _shift_alt(modifiers: Modifiers) -> tuple[bool, bool]:
    held = Qt.KeyboardModifier
    return bool(modifiers & held.ShiftModifier), bool(modifiers & held.AltModifier)


def _signed(angle: float) -> str:
    return f"{angle:+.0f}".replace("-", "−").replace("+0", "0")
