"""A face at rest is drawn at the generator's largest side, and a moving one is not."""

from faceeditor.portrait.document import SetTruncation


def test_a_face_at_rest_has_512_pixels_and_a_change_takes_it_back(app):
    app.wait(lambda: app.session.fine_revision == app.portrait.revision)
    assert app.canvas._face.width() == 512
    assert app.session.frame.pixels.shape == (256, 256, 3)
    before = app.generator.renders
    app.portrait.apply(SetTruncation(0.5))
    app.settle()
    assert app.generator.renders == before + 1
    app.wait(lambda: app.session.fine_revision == app.portrait.revision)
    assert app.canvas._face.width() == 512


def test_no_finer_face_is_drawn_while_a_gesture_is_open(app):
    app.wait(lambda: app.session.fine_revision == app.portrait.revision)
    app.portrait.begin_gesture("Variety")
    app.portrait.apply(SetTruncation(0.4))
    app.settle()
    app.session._request_fine()  # as the timer would
    app.portrait.commit_gesture()
    app.wait(lambda: app.session.fine_revision == app.portrait.revision)
    assert app.canvas._face.width() == 512
