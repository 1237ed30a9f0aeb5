"""The head gizmo: what the hand does to a head, without a window and with real events in one."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.canvas.tools import Tool
from faceeditor.head.camera import camera, project
from faceeditor.interaction.head_gizmo import (
    GizmoPart,
    TurnGesture,
    chosen_part,
    dragged,
    gizmo_of,
    nudged,
    part_at,
    with_gaze,
)
from faceeditor.interaction.view import Pane
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.regions import PALETTE, Region
from tests.gui.fake_engine import READ_HEAD
from tests.gui.head_input import press_key

pytestmark = pytest.mark.display

NEUTRAL = HeadCoefficients.neutral()
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
ALT, CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier

# Pure interaction.


@pytest.mark.parametrize("pose", [(0, 0, 0), (10, -8, 0), (-12, 6, 20), (25, 10, -15)])
@pytest.mark.parametrize("way", [(12, 0), (0, 9), (-14, -8)])
def test_the_nose_follows_the_pointer(pose, way):
    head = NEUTRAL.changed(pose=pose)
    turned = dragged(head, GizmoPart.TURN, (100, 100), (100 + way[0], 100 + way[1]))
    tip = np.array([[0, 0.3, 12.6]], np.float32)
    before, after = (project(camera(tip, each), 256)[0, :2] for each in (head, turned))
    # The nose comes nearer to the camera as well, and its height is left out: a few per cent.
    assert after - before == pytest.approx(np.array(way), abs=2.2)
    assert turned.pose[2] == pytest.approx(pose[2])


def test_turning_ends_at_the_limits():
    far = dragged(NEUTRAL, GizmoPart.TURN, (128, 128), (900, 128))
    assert far.pose == pytest.approx([45, 0, 0], abs=0.1)
    up = dragged(NEUTRAL, GizmoPart.TURN, (128, 128), (128, -900))
    assert up.pose == pytest.approx([0, 30, 0], abs=0.1)


def test_a_head_beyond_the_limits_does_not_jump():
    head = NEUTRAL.changed(pose=(58, 0, 0))
    assert dragged(head, GizmoPart.TURN, (100, 100), (101, 100)).pose[0] == pytest.approx(58, abs=0.01)
    assert dragged(head, GizmoPart.TURN, (100, 100), (95, 100)).pose[0] < 55


def test_rolling_goes_round_the_ring():
    centre = gizmo_of(NEUTRAL).centre
    angle = np.radians(20)
    start = (centre[0], centre[1] - 100)
    at = (centre[0] + 100 * np.sin(angle), centre[1] - 100 * np.cos(angle))
    assert dragged(NEUTRAL, GizmoPart.ROLL, start, at).pose == pytest.approx([0, 0, 20], abs=0.01)
    left = (centre[0] - 100, centre[1] + 1)
    below = (centre[0] - 100, centre[1] - 1)
    # Across the seam of the angle it is still a small movement.
    assert abs(float(dragged(NEUTRAL, GizmoPart.ROLL, left, below).pose[2])) < 2


def test_gaze_takes_the_lids_along():
    looked = dragged(NEUTRAL, GizmoPart.GAZE, (128, 128), (154, 102))
    assert looked.gaze == pytest.approx([20, 20])
    assert looked.expression_of("eyeLookOut_L") == looked.expression_of("eyeLookIn_R") == pytest.approx(0.5)
    assert looked.expression_of("eyeLookUp_L") == pytest.approx(2 / 3)
    assert looked.expression_of("eyeLookDown_L") == looked.expression_of("eyeLookIn_L") == 0
    assert with_gaze(looked, 900, -900).gaze == pytest.approx([40, -30])


def test_handles_and_keys_choose_what_is_held():
    gizmo = gizmo_of(NEUTRAL)
    ring = (gizmo.centre[0] + gizmo.ring, gizmo.centre[1] + 2)
    assert part_at(gizmo, ring, 3) is GizmoPart.ROLL
    assert part_at(gizmo, gizmo.gaze[1][0], 3) is GizmoPart.GAZE
    assert part_at(gizmo, gizmo.centre, 3) is GizmoPart.TURN
    assert chosen_part(False, False, GizmoPart.ROLL) is GizmoPart.ROLL
    assert chosen_part(True, False) is GizmoPart.ROLL and chosen_part(True, True) is GizmoPart.GAZE


def test_gizmo_turns_with_the_head():
    straight, turned = gizmo_of(NEUTRAL), gizmo_of(NEUTRAL.changed(pose=(30, 0, 0)))
    assert turned.nose[1][0] > straight.nose[1][0] + 30
    # The centre line bends towards the side that the face looks to.
    near = turned.centre_line.points[turned.centre_line.near]
    assert near[:, 0].max() > straight.centre[0] + 20
    assert straight.eye_line.near.mean() == pytest.approx(0.5, abs=0.1)
    tilted = gizmo_of(NEUTRAL.changed(pose=(0, 0, 15)))
    assert tilted.crown[0] > tilted.centre[0]


def test_nudges():
    assert nudged(NEUTRAL, GizmoPart.TURN, 1, 0).pose == pytest.approx([2, 0, 0])
    assert nudged(NEUTRAL, GizmoPart.TURN, 0, -1).pose == pytest.approx([0, -2, 0])
    assert nudged(NEUTRAL, GizmoPart.ROLL, 1, 0).pose == pytest.approx([0, 0, 2])
    assert nudged(NEUTRAL, GizmoPart.GAZE, -1, 0).gaze == pytest.approx([-2, 0])


class RecordingController:
    """Notes what a gesture asks of the heads."""

    def __init__(self):
        self.head = NEUTRAL
        self.calls = []

    def begin(self, name):
        self.calls.append("begin")

    def set(self, head):
        self.head = head
        self.calls.append("set")

    def end(self):
        self.calls.append("end")

    def abort(self):
        self.calls.append("abort")

    def reset_group(self, group):
        self.calls.append(group)


def test_keys_may_change_in_the_middle_of_a_drag():
    heads = RecordingController()
    gesture = TurnGesture(heads, "Turn", (170, 128), GizmoPart.TURN)
    gesture.move((180, 128))
    yaw = float(heads.head.pose[0])
    gesture.move((180, 128), shift=True)
    assert heads.head.pose == pytest.approx([yaw, 0, 0])  # what was reached stays
    gesture.move((180, 148), shift=True)
    assert heads.head.pose[0] == pytest.approx(yaw) and heads.head.pose[2] > 5
    roll = float(heads.head.pose[2])
    gesture.move((180, 148))
    gesture.move((190, 148))
    assert heads.head.pose[0] > yaw and heads.head.pose[2] == pytest.approx(roll)
    gesture.end()
    assert heads.calls[0] == "begin" and heads.calls[-1] == "end" and heads.calls.count("begin") == 1


# In the window.


def send(canvas, kind, point, modifiers=NONE, held=True):
    """A mouse event on the face's pane, at a point of the picture."""
    at = QPointF(*canvas.view.to_widget(canvas.pane(Pane.FACE), *point))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind is QEvent.Type.MouseMove else left
    buttons = left if held and kind is not QEvent.Type.MouseButtonRelease else none
    over = QPointF(canvas.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, over, button, buttons, modifiers))
    QApplication.processEvents()


def drag(canvas, points, modifiers=NONE, release=True):
    send(canvas, QEvent.Type.MouseButtonPress, points[0], modifiers)
    for point in points[1:]:
        send(canvas, QEvent.Type.MouseMove, point, modifiers)
    if release:
        send(canvas, QEvent.Type.MouseButtonRelease, points[-1], modifiers)


@pytest.fixture
def turning(app):
    """A program with its head read and the Turn tool in hand."""
    app.read_head()
    QTest.keyClick(app.canvas, "T")
    assert app.tools.tool is Tool.TURN
    app.requests = []
    submit = app.session.bridge.submit
    app.session.bridge.submit = lambda epoch, request: (app.requests.append(request), submit(epoch, request))[1]
    return app


def test_drag_turns_the_head_in_one_step(turning):
    app = turning
    painted = app.portrait.mask.copy()
    drag(app.canvas, [(128, 150), (136, 146), (146, 142)])
    app.settle()
    assert app.portrait.undo_stack == ("Turn head",)
    head = app.portrait.head
    assert head.pose[0] > READ_HEAD.pose[0] + 8 and head.pose[1] > READ_HEAD.pose[1] + 4
    assert app.requests[-1].head is head and app.requests[-1].base_head.key == READ_HEAD.key
    assert np.array_equal(app.portrait.mask, painted)  # what was painted stays; what is drawn has moved
    moved = round(float(head.pose[0] - READ_HEAD.pose[0]))
    assert np.array_equal(app.canvas.shown_mask, np.roll(painted, moved, axis=1))
    app.session.undo()
    app.settle()
    assert app.portrait.head is None and np.array_equal(app.canvas.shown_mask, painted)


def test_shift_rolls_and_alt_moves_the_gaze(turning):
    app = turning
    drag(app.canvas, [(60, 128), (60, 100)], SHIFT)
    assert app.portrait.head.pose[2] > READ_HEAD.pose[2] + 10
    assert app.portrait.head.pose[:2] == pytest.approx(READ_HEAD.pose[:2])
    drag(app.canvas, [(60, 128), (86, 128)], ALT)
    assert app.portrait.head.gaze == pytest.approx(np.add(READ_HEAD.gaze, (20, 0)), abs=1)
    assert app.portrait.undo_stack == ("Tilt head", "Gaze")


def test_escape_takes_the_turn_back(turning):
    app = turning
    drag(app.canvas, [(128, 150), (160, 150)], release=False)
    assert app.portrait.head is not None and app.portrait.busy
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert app.portrait.head is None and not app.portrait.busy and app.portrait.undo_stack == ()
    send(app.canvas, QEvent.Type.MouseMove, (170, 150))  # the button is still down
    assert app.portrait.head is None
    send(app.canvas, QEvent.Type.MouseButtonRelease, (170, 150))
    assert app.portrait.undo_stack == ()


def test_double_click_resets_the_pose(turning):
    app = turning
    drag(app.canvas, [(128, 150), (160, 150)])
    send(app.canvas, QEvent.Type.MouseButtonDblClick, (128, 160))
    assert app.portrait.head.pose == pytest.approx(READ_HEAD.pose)
    assert len(app.portrait.undo_stack) == 2


def test_arrow_keys_are_one_step(turning):
    app = turning
    press_key(app.canvas, Qt.Key.Key_Right, 3)
    press_key(app.canvas, Qt.Key.Key_Up)
    app.canvas.turner.end_keys()
    assert app.portrait.head.pose[:2] == pytest.approx(np.add(READ_HEAD.pose[:2], (6, 2)))
    assert app.portrait.undo_stack == ("Turn head",)


def test_control_turns_with_any_tool_and_paints_nothing(app):
    app.read_head()
    app.tools.set_tool(Tool.BRUSH)
    painted = app.portrait.mask.copy()
    QApplication.sendEvent(app.canvas, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Control, CONTROL))
    assert not app.canvas.turning  # a shortcut does not make it flash
    app.wait(lambda: app.canvas.turning)
    drag(app.canvas, [(128, 150), (150, 150)], CONTROL)
    QApplication.sendEvent(app.canvas, QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Control, NONE))
    assert not app.canvas.turning and app.portrait.undo_stack == ("Turn head",)
    assert np.array_equal(app.portrait.mask, painted)


def test_locked_pose_is_not_turned(turning):
    app = turning
    app.heads.lock("pose")
    drag(app.canvas, [(128, 150), (160, 150)])
    assert app.portrait.undo_stack == () and app.canvas.turner.obstacle
    drag(app.canvas, [(60, 128), (86, 128)], ALT)
    assert app.portrait.undo_stack == ("Gaze",)


def test_gizmo_is_seen(turning):
    app = turning
    app.settle()
    with_gizmo = app.canvas.grab().toImage()
    app.tools.set_tool(Tool.PICKER)
    without = app.canvas.grab().toImage()
    tip = gizmo_of(READ_HEAD).nose[1]
    x, y = app.canvas.view.to_widget(app.canvas.pane(Pane.FACE), *tip)
    at = round(x * app.canvas.devicePixelRatioF()), round(y * app.canvas.devicePixelRatioF())
    assert with_gizmo.pixelColor(*at) != without.pixelColor(*at)


def test_painting_after_a_turn_lies_on_top_and_is_undone_alone(turning):
    app = turning
    painted = app.portrait.mask.copy()
    drag(app.canvas, [(128, 150), (146, 150)])
    app.settle()
    moved = app.canvas.shown_mask.copy()
    assert not np.array_equal(moved, painted)
    app.tools.set_tool(Tool.BRUSH)
    app.tools.set_region(Region.HAT)
    app.tools.set_size(12)
    drag(app.canvas, [(60, 60), (70, 60)])
    stroke = app.portrait.mask == Region.HAT
    assert stroke.any() and np.array_equal(app.portrait.mask[~stroke], painted[~stroke])
    assert app.portrait.moved and app.portrait.undo_stack == ("Turn head", "Brush")
    app.settle()
    assert app.canvas.shown_mask[60, 65] == Region.HAT
    app.heads.reset_group("pose")
    app.settle()
    assert not app.portrait.moved and np.array_equal(app.canvas.shown_mask == Region.HAT, stroke)
    app.session.undo()
    app.session.undo()
    app.settle()
    assert np.array_equal(app.portrait.mask, painted) and np.array_equal(app.canvas.shown_mask, moved)
    # The screen shows what the canvas says: nothing of the stroke is left.
    x, y = app.canvas.view.to_widget(app.canvas.pane(Pane.MASK), 65.5, 60.5)
    seen = app.canvas.grab().toImage().pixelColor(round(x), round(y)).getRgb()[:3]
    assert np.abs(np.array(seen) - PALETTE[moved[60, 65]]).max() <= 3


def test_what_has_no_place_in_the_painted_mask_is_kept_as_it_is_seen(turning, monkeypatch):
    app = turning
    monkeypatch.setattr(app.session, "unmove_stroke", lambda before, after: None)
    drag(app.canvas, [(128, 150), (146, 150)])
    app.settle()
    moved = app.canvas.shown_mask.copy()
    app.tools.set_region(Region.CLOTH)
    app.tools.set_tool(Tool.LASSO)
    drag(app.canvas, [(10, 10), (40, 10), (40, 40), (10, 40)])
    assert (app.portrait.mask[14:36, 14:36] == Region.CLOTH).all()
    rest = app.portrait.mask != Region.CLOTH
    assert np.array_equal(app.portrait.mask[rest], moved[rest])
    app.session.undo()
    app.settle()
    app.tools.set_tool(Tool.FILL)
    drag(app.canvas, [(2, 250)])
    assert app.portrait.mask[250, 2] == Region.CLOTH and not app.portrait.moved
    assert app.portrait.undo_stack[:2] == ("Turn head", "Fill")
