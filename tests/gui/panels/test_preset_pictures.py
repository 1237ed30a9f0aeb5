"""Presets show the present person: drawn while the hand rests, remembered, and never in the way of the hand."""

import numpy as np
import pytest

from faceeditor.engine.preset_job import PresetThumbnails
from faceeditor.gui.controllers import preset_pictures
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.regions import Region
from tests.gui.fake_engine import random_style
from tests.gui.head_input import drag_row, panel_of, row_of

pytestmark = pytest.mark.display


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    """Names of the presets of every job that ran."""
    monkeypatch.setattr(preset_pictures, "_REST_MS", 20)
    jobs = []
    run = PresetThumbnails.run

    def note(self, context):
        jobs.append([preset.name for preset in self.presets])
        return run(self, context)

    monkeypatch.setattr(PresetThumbnails, "run", note)
    return jobs


def box_of(app, group):
    box = panel_of(app, group).presets
    if box.pages.isVisible():
        box.pages.button(0).click()
    app.wait(lambda: box.pictures.complete)
    return box


def pictures(box):
    return [box.pictures.picture(preset) for preset in box.known]


def test_every_preset_shows_the_person_under_it(app, drawn):
    box = box_of(app, "expression")
    assert all(tile.filled for tile in box.tiles)
    pose = box_of(app, "pose")
    kinds = {picture.tobytes() for picture in pictures(pose)}
    assert len(kinds) > len(pose.tiles) // 2, "the stand-in's mask moves with the head"
    assert drawn == [[p.name for p in box.known], [p.name for p in pose.known]]
    assert app.portrait.undo_stack == (), "looking changes nothing"


def test_another_person_is_drawn_and_the_one_before_is_remembered(app, drawn):
    box = box_of(app, "light")
    first = pictures(box)
    app.styles.draw(5)
    app.wait(lambda: box.pictures.complete)
    second = pictures(box)
    assert not any(np.array_equal(a, b) for a, b in zip(first, second, strict=True)) and len(drawn) == 2
    app.session.undo()
    app.wait(lambda: box.pictures.complete and box.pictures.picture(box.known[0]) is first[0])
    assert len(drawn) == 2, "remembered"


def test_another_portrait_never_shows_the_faces_of_the_last_one(app, drawn):
    box = box_of(app, "pose")
    assert all(tile.filled for tile in box.tiles)
    app.session.replace(type(app.portrait)(app.portrait.mask, random_style(9, "Other")))
    assert not any(tile.filled for tile in box.tiles) and box.tiles[0].text() == box.known[0].name
    app.wait(lambda: box.pictures.complete and all(tile.filled for tile in box.tiles))


def test_a_change_of_the_group_itself_draws_nothing_anew(app, drawn):
    box = box_of(app, "expression")
    box.tiles[3].click()
    app.wait(lambda: app.session.up_to_date and not box.pictures._rest.isActive())
    assert box.pictures.complete and len(drawn) == 1


def test_nothing_is_drawn_under_a_moving_hand_nor_for_a_panel_that_is_not_seen(app, drawn):
    box = box_of(app, "expression")
    row = row_of(app, "expression", "smile")
    drag_row(row, 0.5, release=False)
    app.portrait.commit_gesture()
    app.window.show_panel("style")
    app.wait(lambda: not app.window.head_panels["expression"].seen)
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(128.0, 30.0), (150.0, 30.0)], release=False)
    app.wait(lambda: not box.pictures._rest.isActive() or len(drawn) > 1)
    assert app.portrait.busy and len(drawn) == 1
    app.canvas.finish()
    app.settle()
    assert len(drawn) == 1 and not box.pictures.complete
    app.window.show_panel("expression")
    app.wait(lambda: box.pictures.complete)
    assert len(drawn) == 2


def test_a_stroke_stops_the_drawing_and_it_goes_on_afterwards(app, drawn):
    box = box_of(app, "expression")
    app.generator.delay = 0.05
    app.styles.draw(7)
    app.wait(lambda: len(drawn) == 2)
    job = box.pictures._job
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(128.0, 30.0), (150.0, 30.0)], release=False)
    assert job is not None and box.pictures._job is None
    app.canvas.finish()
    app.generator.delay = 0.0
    app.wait(lambda: box.pictures.complete)


def test_a_slow_device_shows_plain_heads(app, drawn, monkeypatch):
    box_of(app, "expression")
    monkeypatch.setattr(preset_pictures, "_SLOW_MS", -1.0)
    app.styles.draw(5)
    box = app.window.head_panels["expression"].presets
    app.wait(lambda: box.pictures.complete)
    renders = app.generator.renders
    assert (box.pictures.picture(box.known[0]) == 128).all(), "the stand-in's plain head"
    app.styles.draw(6)
    app.settle()
    app.wait(lambda: not box.pictures._rest.isActive())
    assert len(drawn) == 2 and app.generator.renders == renders + 1, "the same for every person"


def test_a_new_portrait_forgets_the_pictures(app, drawn):
    box = box_of(app, "pose")
    app.session.replace(type(app.portrait)(np.roll(app.portrait.mask, 9, axis=1), app.portrait.style))
    assert pictures(box) == [None] * len(box.known)
    app.wait(lambda: box.pictures.complete)
    assert all(tile.filled for tile in box.tiles)
