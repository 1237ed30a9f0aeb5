"""The window on the program's own generator: from a stroke to changed pixels of the face. Skipped without its pack."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtTest import QTest

from faceeditor.gui.app import Program, application
from faceeditor.gui.snapshot import draw_stroke, pump
from faceeditor.interaction.light_shading import handle_of
from faceeditor.interaction.view import Pane
from faceeditor.paths import models_dir
from faceeditor.regions import Region
from tests.gui.canvas.test_head_gizmo import drag as drag_face
from tests.gui.head_input import drag, drag_row
from tests.patience import WAIT

pytestmark = pytest.mark.skipif(
    not (models_dir() / "mask-guided" / "pack.json").is_file(), reason="the model pack mask-guided is not here"
)


def test_face_follows_brush_and_style():
    application()
    program = Program(remember=False)
    try:
        program.window.resize(1200, 800)
        program.window.show()
        program.start()
        assert pump(lambda: program.session.up_to_date, WAIT), program.window.banner.text
        first = program.session.frame.pixels.astype(int)
        assert first.std() > 10, "a face is no flat colour"
        program.window.tools.set_region(Region.HAIR)
        program.window.tools.set_size(40)
        canvas = program.window.canvas
        face = canvas.shown.index(Pane.FACE)
        draw_stroke(canvas, [(100.0, 95.0), (128.0, 90.0), (156.0, 95.0)], pane=face)
        assert pump(lambda: program.session.up_to_date, WAIT)
        painted = program.session.frame.pixels.astype(int)
        change = np.abs(painted - first).mean(-1)
        assert change[80:110, 90:166].mean() > 8, "the forehead must change under the brush"
        program.styles.draw(12)
        assert pump(lambda: program.session.up_to_date, WAIT)
        assert np.abs(program.session.frame.pixels.astype(int) - painted).mean() > 4
    finally:
        program.session.end_open_work()
        program.session.portrait.mark_saved()
        program.window.close()


def test_face_follows_slider_gizmo_and_ball_of_light():
    application()
    program = Program(remember=False)
    window, session, heads = program.window, program.session, program.heads

    def settled() -> np.ndarray:
        assert pump(lambda: session.up_to_date, WAIT), window.banner.text
        return session.frame.pixels.astype(int)

    try:
        window.resize(1200, 800)
        window.show()
        program.start()
        first = settled()
        assert pump(lambda: heads.ready, WAIT), "the head was not read from the face"
        window.show_panel("pose")
        panel = window.head_panels["pose"]
        assert pump(lambda: panel.seen and not panel.building, WAIT)
        row = panel.reveal("yaw")
        assert pump(lambda: row.isVisible() and row.width() > 150, WAIT)
        drag_row(row, 25.0)
        turned = settled()
        assert session.portrait.undo_stack == ("Yaw",) and session.portrait.moved
        assert np.abs(turned - first).mean() > 5
        assert not np.array_equal(session.shown_mask, session.portrait.mask), "the mask did not move"

        QTest.keyClick(window.canvas, "T")
        drag_face(window.canvas, [(140, 150), (120, 150), (104, 146)])
        back = settled()
        assert np.abs(back - turned).mean() > 3
        assert session.portrait.head.pose[0] < 20

        window.show_panel("light")
        light = window.head_panels["light"]
        assert pump(lambda: light.seen and not light.building, WAIT)
        ball = light.ball
        rig = ball.rig
        handle = ball.to_widget(*handle_of(rig.azimuth, rig.elevation))
        middle = QPointF(ball.rect().center())
        drag(ball, [handle, middle + QPointF(-25, 5), middle + QPointF(-45, 8)])
        lit = settled()
        face = (slice(110, 200), slice(90, 166))
        assert np.abs(lit - back)[face].mean() > 4
        assert np.abs(lit - back)[:12, :12].mean() < 1, "light leaves the background as it is"
        for _ in range(3):
            session.undo()
        assert session.portrait.head is None and np.array_equal(settled(), first)
    finally:
        session.end_open_work()
        session.portrait.mark_saved()
        window.close()
