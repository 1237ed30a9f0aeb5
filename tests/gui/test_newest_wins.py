"""A slow engine under a fast hand: few renders, only newer frames, nothing left running."""

import threading
import time

import numpy as np

from faceeditor.gui.snapshot import draw_stroke
from faceeditor.regions import Region
from tests.gui.fake_engine import face_of


def test_a_hundred_requests_are_few_renders_and_revisions_only_grow(run):
    app = run(delay=0.08)
    app.tools.set_region(Region.HAT)
    rendered = app.generator.renders
    revisions = []
    app.session.frame_shown.connect(lambda frame: revisions.append((frame.revision, frame.drawn)))
    began = time.monotonic()
    draw_stroke(app.canvas, [(30.0 + 2 * i, 40.0 + (i % 7)) for i in range(100)], pause=0.004)
    asked = app.portrait.revision
    app.settle()
    took = time.monotonic() - began
    assert asked >= 90
    assert app.generator.renders - rendered <= took / 0.08 + 2
    assert app.generator.renders - rendered < asked / 3
    assert revisions == sorted(set(revisions)) and revisions[-1] == (app.portrait.revision, 256)
    assert len(revisions) >= 4
    assert np.array_equal(app.session.frame.pixels, face_of(app.portrait.mask, app.portrait.style))


def test_painting_does_not_wait_for_a_slow_engine(run):
    app = run(delay=0.4)
    began = time.perf_counter()
    draw_stroke(app.canvas, [(30.0 + i, 40.0) for i in range(40)])
    assert time.perf_counter() - began < 0.4
    assert app.portrait.undo_stack == ("Brush",)


def test_late_frames_of_the_last_portrait_are_not_shown(run):
    from faceeditor.portrait.document import Portrait

    app = run(delay=0.2)
    app.desk.draw(4)
    app.session.request_frame()
    other = Portrait(np.full((256, 256), Region.SKIN, np.uint8), app.portrait.style)
    app.session.replace(other)
    app.settle()
    assert np.array_equal(app.session.frame.pixels, face_of(other.mask, other.style))


def test_closing_while_it_draws_leaves_no_thread(run):
    before = set(threading.enumerate())
    app = run(delay=0.3)
    draw_stroke(app.canvas, [(30.0, 40.0), (90.0, 40.0)])
    app.portrait.mark_saved()
    app.window.close()
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    assert left == []
    assert not app.window.isVisible()
