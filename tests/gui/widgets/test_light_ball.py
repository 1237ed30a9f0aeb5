"""The light ball: shading and handle without a window, the hand on it with real events through to the portrait."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.widgets.light_ball import LightBall
from faceeditor.head.control_kinds import beside_lamps, rig_of
from faceeditor.head.light import rig_to_gamma
from faceeditor.head.presets import find_preset
from faceeditor.interaction.light_shading import RIM, BallPicture, dragged_rig, handle_of, lamp_at, turned
from faceeditor.portrait.head import LightRig
from tests.gui.head_input import press_key

pytestmark = pytest.mark.display

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def picture(rig: LightRig, size: int = 96) -> np.ndarray:
    return BallPicture(size).render(rig_to_gamma(rig), rig)


@pytest.mark.parametrize("lamp", [(0, 0), (35, 25), (-80, 10), (120, -20), (-150, 5), (10, 85), (100, 60)])
def test_handle_and_lamp_are_inverse(lamp):
    assert lamp_at(*handle_of(*lamp)) == pytest.approx(lamp, abs=0.01)


def test_handles_of_lamps_behind_lie_in_the_ring():
    assert np.hypot(*handle_of(60, 0)) < 1 < np.hypot(*handle_of(120, 0)) < np.hypot(*handle_of(160, 0)) <= RIM
    azimuth, _ = lamp_at(5.0, 0.0)  # far outside counts as on the rim
    assert 165 <= azimuth <= 175


def test_light_from_the_right_lights_the_right():
    pixels = picture(LightRig(azimuth=60, elevation=0, fill=0.2)).astype(int)
    assert pixels[48, 80, 0] > pixels[48, 16, 0] + 60
    above = picture(LightRig(azimuth=0, elevation=60, fill=0.2)).astype(int)
    assert above[16, 48, 0] > above[80, 48, 0] + 40


def test_colour_strength_and_edge():
    red = picture(LightRig(colour=(1.0, 0.2, 0.2), fill=0.0)).astype(int)
    assert red[40, 60, 0] > red[40, 60, 2] + 60
    weak, strong = (picture(LightRig(strength=s)).astype(int)[..., :3].sum() for s in (0.3, 1.5))
    assert strong > weak * 1.3
    alpha = red[..., 3]
    assert alpha[0, 0] == 0 and alpha[48, 48] == 255
    edge = np.unique(alpha)
    assert len(edge) > 20  # smooth, no stairs
    assert (red[..., :3] <= alpha[..., None] + 1).all()  # premultiplied


def test_picture_is_remembered():
    ball, rig = BallPicture(64), LightRig()
    first = ball.render(rig_to_gamma(rig), rig)
    assert ball.render(rig_to_gamma(rig), rig) is first
    other = LightRig(azimuth=-35)
    assert ball.render(rig_to_gamma(other), other) is not first


def test_turning_over_the_top_comes_down_on_the_other_side():
    rig = turned(LightRig(azimuth=20, elevation=88), 0, 5)
    assert (rig.azimuth, rig.elevation) == pytest.approx((-160, 87))
    assert turned(LightRig(azimuth=178), 5, 0).azimuth == pytest.approx(-177)


# With events.


@pytest.fixture
def ball(app):
    """The light ball of the program, its head read and the light panel in front."""
    app.read_head()
    app.window.show_panel("light")
    found = app.window.head_panels["light"].ball
    app.wait(lambda: found.rig is not None and found.isVisible())
    return found


def send(ball, kind, at, modifiers=NONE):
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind is QEvent.Type.MouseMove else left
    buttons = none if kind is QEvent.Type.MouseButtonRelease else left
    over = QPointF(ball.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(ball, QMouseEvent(kind, at, over, button, buttons, modifiers))


def drag(ball, points, modifiers=NONE, release=True):
    send(ball, QEvent.Type.MouseButtonPress, points[0], modifiers)
    for point in points[1:]:
        send(ball, QEvent.Type.MouseMove, point, modifiers)
    if release:
        send(ball, QEvent.Type.MouseButtonRelease, points[-1], modifiers)
    QApplication.processEvents()


def test_drag_turns_the_key_light_in_one_step(app, ball):
    before, read = app.session.frame.pixels, app.heads.head
    drag(ball, [ball.to_widget(0.0, 0.0), ball.to_widget(-0.3, 0.2), ball.to_widget(-0.6, 0.4)])
    app.settle()
    head = app.portrait.head
    wanted = lamp_at(-0.6, 0.4)
    assert (head.rig.azimuth, head.rig.elevation) == pytest.approx(wanted, abs=0.5)
    change = rig_to_gamma(head.rig) - rig_to_gamma(rig_of(read))
    assert head.gamma - read.gamma == pytest.approx(change, abs=1e-5)
    assert len(app.portrait.undo_stack) == 1
    assert not np.array_equal(app.session.frame.pixels, before)
    assert not app.portrait.moved  # light moves no outline
    app.session.undo()
    assert app.portrait.head is None


def test_a_light_that_was_read_does_not_jump_and_a_preset_takes_its_place(app, ball):
    read = app.heads.head.changed(gamma=np.random.default_rng(4).normal(size=(9, 3)) * 0.4 + [[2.0]] * 9)
    app.heads.set(read)
    ball.setFocus()
    brighter = ball.rig.strength < 1
    press_key(ball, Qt.Key.Key_PageUp if brighter else Qt.Key.Key_PageDown)
    head = app.portrait.head
    assert head.rig.strength == pytest.approx(rig_of(read).strength + (0.05 if brighter else -0.05), abs=1e-4)
    assert np.abs(rig_to_gamma(head.rig) - read.gamma).max() > 0.5, "lamps alone are another light"
    assert np.abs(head.gamma - read.gamma).max() < 0.25, "a notch is a notch"
    assert np.allclose(ball._gamma, head.gamma, atol=1e-5), "the ball is lit as the face"
    ball.clearFocus()
    app.session.undo()
    assert np.array_equal(app.heads.head.gamma, read.gamma)
    app.session.redo()
    app.heads.apply_preset(find_preset("light", "Split"))
    assert not beside_lamps(app.portrait.head).any()
    app.session.undo()
    assert np.array_equal(app.portrait.head.gamma, head.gamma)


def test_handle_keeps_its_place_under_the_hand(app, ball):
    drag(ball, [ball.to_widget(0.5, 0.2)])
    at = ball.to_widget(0.5, 0.2) + QPointF(3, -2)
    before = ball.rig
    drag(ball, [at])
    assert ball.rig == before  # taken by its rim, not moved: nothing jumps


def test_outside_ring_puts_the_lamp_behind(app, ball):
    drag(ball, [ball.to_widget(0.9, 0.0), ball.to_widget(1.2, 0.1)])
    assert abs(app.portrait.head.rig.azimuth) > 100


def test_shift_softens_and_wheel_strengthens(app, ball):
    start = ball.to_widget(*handle_of(ball.rig.azimuth, ball.rig.elevation))
    rig = ball.rig
    down = start + QPointF(0, 25)
    drag(ball, [start, down], SHIFT)
    assert ball.rig.softness < rig.softness and ball.rig.azimuth == rig.azimuth
    softness, strength = ball.rig.softness, ball.rig.strength
    middle = QPointF(ball.rect().center())
    over = QPointF(ball.mapToGlobal(middle.toPoint()))
    for _ in range(2):
        wheel = QWheelEvent(
            middle, over, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False
        )
        QApplication.sendEvent(ball, wheel)
    assert app.portrait.busy  # the burst is still open
    app.wait(lambda: not app.portrait.busy)
    assert app.portrait.head.rig.strength == pytest.approx(strength + 0.1)
    assert app.portrait.head.rig.softness == softness
    assert len(app.portrait.undo_stack) == 2 and not app.portrait.busy


def test_escape_and_double_click(app, ball):
    rig = ball.rig
    drag(ball, [ball.to_widget(0.0, 0.0), ball.to_widget(-0.5, 0.5)], release=False)
    assert ball.rig != rig
    QTest.keyClick(ball, Qt.Key.Key_Escape)
    assert ball.rig == rig and not app.portrait.busy
    send(ball, QEvent.Type.MouseButtonDblClick, ball.to_widget(0.2, 0.2))
    first = LightRig()
    assert (ball.rig.azimuth, ball.rig.elevation) == (first.azimuth, first.elevation)


def test_keys_turn_by_five_degrees(app, ball):
    ball.setFocus()
    rig = ball.rig
    press_key(ball, Qt.Key.Key_Right, 2)
    assert ball.rig.azimuth == pytest.approx(turned(rig, 10, 0).azimuth)
    ball.clearFocus()
    assert len(app.portrait.undo_stack) == 1


def test_ball_without_light_takes_no_gesture(app):
    ball = LightBall()
    begun = []
    ball.began.connect(lambda: begun.append(1))
    drag(ball, [ball.to_widget(0.0, 0.0), ball.to_widget(0.5, 0.0)])
    QTest.keyClick(ball, Qt.Key.Key_Left)
    assert begun == [] and ball.rig is None
    ball.grab()
    ball.set_light(rig_to_gamma(dragged_rig(LightRig(), -0.4, 0.3)))
    azimuth, elevation = lamp_at(-0.4, 0.3)
    assert (ball.rig.azimuth, ball.rig.elevation) == pytest.approx((azimuth, elevation), abs=2)
    assert ball.accessibleName() and "strength" in ball.accessibleDescription()
