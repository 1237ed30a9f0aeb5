"""The window on the program's own generator: from a stroke to changed pixels of the face. Skipped without its pack."""

import numpy as np
import pytest

from faceeditor.gui.app import Program, application
from faceeditor.gui.snapshot import draw_stroke, pump
from faceeditor.paths import models_dir
from faceeditor.regions import Region

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
        assert pump(lambda: program.session.up_to_date, 60.0), program.window.banner.text
        first = program.session.frame.pixels.astype(int)
        assert first.std() > 10, "a face is no flat colour"
        program.window.tools.set_region(Region.HAIR)
        program.window.tools.set_size(40)
        draw_stroke(program.window.canvas, [(100.0, 95.0), (128.0, 90.0), (156.0, 95.0)], pane=1)
        assert pump(lambda: program.session.up_to_date, 20.0)
        painted = program.session.frame.pixels.astype(int)
        change = np.abs(painted - first).mean(-1)
        assert change[80:110, 90:166].mean() > 8, "the forehead must change under the brush"
        program.desk.draw(12)
        assert pump(lambda: program.session.up_to_date, 20.0)
        assert np.abs(program.session.frame.pixels.astype(int) - painted).mean() > 4
    finally:
        program.session.end_open_work()
        program.session.portrait.mark_saved()
        program.window.close()
