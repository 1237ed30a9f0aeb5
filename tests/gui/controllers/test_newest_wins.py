"""A slow engine under a fast hand: few renders, only newer frames, nothing left running."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from faceeditor.engine import core
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.regions import Region
from tests.engine.fakes import Endless
from tests.gui.fake_engine import face_of
from tests.patience import WAIT


def send(canvas, kind, point, button=Qt.MouseButton.NoButton, buttons=Qt.MouseButton.LeftButton):
    at = QPointF(*canvas.view.to_widget(canvas.boxes[0], *point))
    over = QPointF(canvas.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, over, button, buttons, Qt.KeyboardModifier.NoModifier))
    QApplication.processEvents()


def test_a_hundred_requests_are_few_renders_and_revisions_only_grow(run):
    app = run()
    app.tools.set_region(Region.HAT)
    revisions = []
    app.session.frame_shown.connect(lambda frame: revisions.append((frame.revision, frame.drawn)))
    points = [(30.0 + 2 * i, 40.0 + (i % 7)) for i in range(100)]
    begun = app.portrait.revision
    send(app.canvas, QEvent.Type.MouseButtonPress, points[0], Qt.MouseButton.LeftButton)
    app.wait(lambda: app.session.frame.revision == app.portrait.revision)
    # A device so slow that the hand makes 25 steps while it draws one face.
    for first in range(0, 100, 25):
        app.generator.hold()
        renders, shown = app.generator.renders, len(revisions)
        send(app.canvas, QEvent.Type.MouseMove, points[first + 1])
        app.wait(app.generator.drawing.is_set)
        for point in points[first + 2 : first + 25]:
            send(app.canvas, QEvent.Type.MouseMove, point)
        assert app.generator.renders == renders
        app.generator.let_go()
        app.wait(lambda: app.session.frame.revision == app.portrait.revision)
        # The face under way, the one asked for last, and one more if the last step was asked for a moment later.
        assert 2 <= app.generator.renders - renders <= 3
        assert 2 <= len(revisions) - shown <= 3
    send(app.canvas, QEvent.Type.MouseButtonRelease, points[-1], Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton)
    assert app.portrait.revision - begun >= 90
    app.settle()
    assert revisions == sorted(set(revisions)) and revisions[-1] == (app.portrait.revision, 256)
    assert np.array_equal(app.session.frame.pixels, face_of(app.portrait.mask, app.portrait.style))


def test_painting_does_not_wait_for_a_slow_engine(run):
    app = run()
    app.generator.hold()
    renders = app.generator.renders
    draw_stroke(app.canvas, [(30.0 + i, 40.0) for i in range(40)])
    assert app.portrait.undo_stack == ("Brush",)
    app.wait(app.generator.drawing.is_set)
    assert app.generator.renders == renders, "the whole stroke was painted before the first face came"


def test_late_frames_of_the_last_portrait_are_not_shown(run):
    from faceeditor.portrait.document import Portrait

    app = run()
    app.generator.hold()
    app.styles.draw(4)
    app.wait(app.generator.drawing.is_set)
    renders, shown = app.generator.renders, []
    app.session.frame_shown.connect(shown.append)
    other = Portrait(np.full((256, 256), Region.SKIN, np.uint8), app.portrait.style)
    app.session.replace(other)
    app.generator.let_go()
    app.settle()
    assert app.generator.renders == renders + 2 and len(shown) == 1
    assert np.array_equal(app.session.frame.pixels, face_of(other.mask, other.style))


@pytest.mark.parametrize("ends", [True, False], ids=["a drawing that ends", "a drawing without end"])
def test_closing_while_it_draws(run, monkeypatch, ends):
    monkeypatch.setattr(core, "_JOIN_SECONDS", WAIT if ends else 0.01)
    before = set(threading.enumerate())
    app = run()
    app.generator.hold()
    draw_stroke(app.canvas, [(30.0, 40.0), (90.0, 40.0)])
    app.wait(app.generator.drawing.is_set)
    app.portrait.mark_saved()
    # The engine stops this job as it closes: from then on the drawing may end.
    job = app.program.bridge.engine.run(Endless(), *[lambda *_: None] * 3)
    closing = threading.Thread(target=lambda: job.wait(WAIT) and ends and app.generator.let_go())
    closing.start()
    app.window.close()
    closing.join()
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    assert bool(left) == (not ends)
    assert not app.window.isVisible()
