"""A face at rest is drawn at the generator's largest side, and a moving one is not."""

import numpy as np
from PIL import Image

from faceeditor.gui.dialogs.export_dialog import ExportChoice, What
from faceeditor.portrait.document import SetTruncation


def test_a_face_at_rest_has_512_pixels_and_a_change_takes_it_back(app):
    app.wait(lambda: app.session.fine_frame is not None)
    assert app.canvas._face.width() == 512
    assert app.session.frame.pixels.shape == (256, 256, 3)
    before = app.generator.renders
    app.portrait.apply(SetTruncation(0.5))
    app.settle()
    assert app.generator.renders == before + 1
    app.wait(lambda: app.session.fine_frame is not None)
    assert app.canvas._face.width() == 512


def test_no_finer_face_is_drawn_while_a_gesture_is_open(app):
    app.wait(lambda: app.session.fine_frame is not None)
    app.portrait.begin_gesture("Variety")
    app.portrait.apply(SetTruncation(0.4))
    app.wait(lambda: app.session.frame.revision == app.portrait.revision)  # small on a slow machine
    app.session.request_fine_frame()  # as the timer would
    app.portrait.commit_gesture()
    app.wait(lambda: app.session.fine_frame is not None)
    assert app.canvas._face.width() == 512


def test_a_large_export_is_made_of_the_finest_face(app, tmp_path):
    app.portrait.apply(SetTruncation(0.5))
    path = tmp_path / "face.png"
    assert app.files.export_to(path, ExportChoice(What.FACE, 512, ".png", 95))
    assert app.session.fine_frame is not None
    assert np.array_equal(np.asarray(Image.open(path)), app.session.fine_frame.pixels)
