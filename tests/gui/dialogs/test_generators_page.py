"""The page of imported generators, driven by clicks, keys and drops to changed pixels."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from faceeditor.engine import generator_jobs
from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.gui.dialogs.file_dialog import FileDialog
from faceeditor.gui.dialogs.generator_controls import TILES
from faceeditor.gui.dialogs.generators_page import GeneratorsPage, as_photo
from faceeditor.gui.imaging import from_qimage
from faceeditor.gui.settings import settings
from faceeditor.identity import recogniser
from faceeditor.images import open_picture
from tests.generators.imported.official import (
    MAPPING,
    STYLEGAN2,
    STYLEGAN2_ARGUMENTS,
    generator_record,
    random_network,
    snapshot,
    stylegan2,
    write,
)
from tests.generators.imported.test_gan_control import network, published_state, write_folder
from tests.gui.head_input import double_click, when_modal
from tests.identity.test_imported_space import MeanColours
from tests.patience import WAIT

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_GENERATORS", str(tmp_path / "generators"))
    monkeypatch.setenv("FACEEDITOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(recogniser, "load", lambda: MeanColours())


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return write(tmp_path / "people.pkl", snapshot(stylegan2(conv_clamp=1.0)))


def drop(widget, path: Path) -> None:
    """What the window system does when a file is dropped."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    actions, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(QPoint(9, 9), actions, data, LEFT, none))
    QApplication.sendEvent(widget, QDropEvent(QPointF(9, 9), actions, data, LEFT, none, QEvent.Type.Drop))


def tile_pixels(page: GeneratorsPage, number: int) -> np.ndarray:
    side = page.board.tiles[number].width()
    return from_qimage(page.board.tiles[number].grab().toImage())[:side]


def filled(page: GeneratorsPage) -> int:
    return sum(tile.filled for tile in page.board.tiles)


@pytest.fixture
def page(app, checkpoint):
    """The page with one generator, imported by a drop on the main window, and its first faces."""
    drop(app.window, checkpoint)
    app.wait(lambda: app.window.generators_page is not None)
    page = app.window.generators_page
    app.wait(lambda: page.name == "people" and filled(page) == TILES and not page.generators.working)
    return page


def test_dropped_on_the_main_window_it_is_imported_and_draws(app, page):
    assert page.isVisible() and [entry.name for entry in page.generators.generators()] == ["people"]
    pictures = [tile_pixels(page, number) for number in range(TILES)]
    assert all(np.abs(pictures[0].astype(int) - other).mean() > 1 for other in pictures[1:])
    assert page.board.chosen.title == "0" and page.use.isEnabled()


def test_dropped_on_the_page(app, page, checkpoint):
    drop(page, checkpoint)
    app.wait(lambda: len(page.generators.generators()) == 2 and not page.generators.working)
    assert page.name == "people-2"


def test_a_click_chooses_and_a_double_click_takes_the_seed(app, page):
    before = page.board.preview.grab().toImage()
    QTest.mouseClick(page.board.tiles[3], LEFT)
    assert page.board.chosen.title == "3" and page.board.tiles[3].isChecked() and not page.board.tiles[0].isChecked()
    assert page.board.preview.grab().toImage() != before
    double_click(page.board.tiles[3], QPointF(20, 20))
    assert page.controls.seed.value() == 3
    app.wait(lambda: page.board.tiles[0].text() == "3" and page.board.tiles[11].text() == "14")


def test_truncation_by_keyboard_changes_the_pixels(app, page):
    before = tile_pixels(page, 5)
    slider = page.controls.truncation
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    # 0 %: everybody is average.
    app.wait(lambda: all(np.array_equal(page.board.faces[0].pixels, page.board.faces[n].pixels) for n in range(TILES)))
    assert np.abs(tile_pixels(page, 5).astype(int) - before).mean() > 1


def test_mix_takes_layers_of_the_second_face(app, page):
    QTest.mouseClick(page.controls.modes.button(1), LEFT)
    app.wait(lambda: page.board.tiles[7].text() == "Second" and not page.generators.working)
    assert filled(page) == 8
    first, colours, second = page.board.faces[0].ws, page.board.faces[3].ws, page.board.faces[7].ws
    assert not np.array_equal(first, second)
    assert np.array_equal(colours[0], first[0]) and np.array_equal(colours[-1], second[-1])


def test_groups_of_gan_control_are_mixed(app, tmp_path):
    folder = write_folder(tmp_path / "control", published_state(network()))
    drop(app.window, folder)
    app.wait(lambda: app.window.generators_page is not None and app.window.generators_page.name == "control")
    page = app.window.generators_page
    app.wait(lambda: filled(page) == TILES and not page.generators.working)
    QTest.mouseClick(page.controls.modes.button(1), LEFT)
    app.wait(lambda: page.board.tiles[4].text() == "Second" and not page.generators.working)
    assert [page.board.tiles[n].text() for n in range(4)] == ["First", "id", "expression", "other"]
    changed = (page.board.faces[2].ws != page.board.faces[0].ws)[0]
    assert changed[8:12].all() and not changed[:8].any() and not changed[12:].any()


def test_labels_of_a_conditional_generator(app, tmp_path):
    config = {**STYLEGAN2, "mapping": {**MAPPING, "c_dim": 3, "embedding": 24}}
    record = generator_record(random_network(config), {**STYLEGAN2_ARGUMENTS, "c_dim": 3})
    drop(app.window, write(tmp_path / "classes.pkl", snapshot(record)))
    app.wait(lambda: app.window.generators_page is not None and app.window.generators_page.name == "classes")
    page = app.window.generators_page
    app.wait(lambda: filled(page) == TILES and not page.generators.working)
    before = page.board.faces[4].pixels
    assert page.controls.label.isVisible() and page.controls.label.maximum() == 2
    page.controls.label.setFocus()
    QTest.keyClick(page.controls.label, Qt.Key.Key_Up)
    app.wait(lambda: not np.array_equal(page.board.faces[4].pixels, before) and not page.generators.working)


def test_a_walk_is_played(app, page):
    QTest.mouseClick(page.controls.modes.button(2), LEFT)
    app.wait(lambda: page.board.tiles[11].text() == "100%" and not page.generators.working)
    steps = [np.abs(page.board.faces[n].ws - page.board.faces[n + 1].ws).mean() for n in range(TILES - 1)]
    assert np.allclose(steps, steps[0], rtol=0.01)
    page.board.choose(0)
    QTest.mouseClick(page.play, LEFT)
    assert page.play.text() == "Pause"
    app.wait(lambda: page.board.chosen is page.board.faces[2])
    QTest.mouseClick(page.play, LEFT)
    assert not page.board.playing


@pytest.mark.parametrize("across", [False, True])
def test_same_person(app, page, across):
    QTest.mouseClick(page.controls.modes.button(3), LEFT)
    app.wait(lambda: "ExFaceGAN" in page.message.text())
    assert filled(page) == 0 and page.controls.pool.isVisible() and page.controls.variety.isVisible()
    if across:
        QTest.mouseClick(page.controls.across, LEFT, pos=QPoint(8, page.controls.across.height() // 2))
    assert page.controls.across.isChecked() is across
    QTest.mouseClick(page.draw_button, LEFT)
    app.wait(lambda: filled(page) == TILES and not page.generators.working)
    assert "identity boundary" in page.message.text()
    assert page.board.faces[0].distance == 0 and all(page.board.faces[n].distance is not None for n in range(TILES))


def test_stop_in_the_middle_of_a_slow_face(app, page, monkeypatch):
    drawing, go_on = threading.Event(), threading.Event()
    draw = ImportedGenerator.draw

    def slow(self, ws, noise="const", progress=lambda share: None):
        drawing.set()
        assert go_on.wait(WAIT)
        return draw(self, ws, noise, progress)

    monkeypatch.setattr(ImportedGenerator, "draw", slow)
    QTest.mouseClick(page.draw_button, LEFT)
    app.wait(drawing.is_set)
    assert page.stop.isEnabled() and page.bar.isVisible()
    QTest.mouseClick(page.stop, LEFT)
    go_on.set()
    app.wait(lambda: not page.generators.working)
    assert page.message.text() == "Stopped." and not page.stop.isEnabled() and not page.bar.isVisible()


def test_newer_wishes_replace_older_ones(app, page, monkeypatch):
    drawn: list[int] = []
    run = generator_jobs.DrawRecipes.run

    def counted(self, context):
        drawn.append(self.recipes[0][1].seed)
        return run(self, context)

    monkeypatch.setattr(generator_jobs.DrawRecipes, "run", counted)
    for seed in range(20, 60):
        page.controls.seed.setValue(seed)
        page.draw()
    app.wait(lambda: page.board.tiles[11].text() == "70" and not page.generators.working)
    assert page.board.tiles[0].text() == "59" and drawn[-1] == 59 and len(drawn) <= 5


def test_a_face_becomes_a_photo_of_the_portrait(app, page):
    offered: list[Path] = []
    page._use_photo = offered.append
    page.board.choose(2)
    QTest.mouseClick(page.use, LEFT)
    picture = open_picture(offered[0])
    assert picture.shape == (512, 512, 3) and np.array_equal(picture, as_photo(page.board.chosen.pixels))


def test_the_portrait_asks_what_to_use_of_a_face(app, page):
    QTest.mouseClick(page.use, LEFT)
    assert app.window.photos.sheet is not None and app.window.photos.sheet.isVisible()
    app.window.photos.sheet.reject()


def test_saved_in_its_own_size(app, page, tmp_path):
    page.board.choose(1)
    page.save_to(tmp_path / "face")
    assert np.array_equal(open_picture(tmp_path / "face.png"), page.board.chosen.pixels)
    page.save_to(tmp_path / "sheet.png", all_faces=True)
    sheet = open_picture(tmp_path / "sheet.png")
    assert sheet.shape[0] >= 3 * 16 and sheet.shape[1] >= 4 * 16
    page.save_to(tmp_path / "no folder" / "face.png")
    assert "no folder" in page.message.text() and page.message.styleSheet()


def test_the_dialog_of_the_program_asks_for_files(app, page, tmp_path, checkpoint, monkeypatch):
    settings().setValue("folder", str(tmp_path))
    page.board.choose(1)
    timer = when_modal(FileDialog, lambda dialog: dialog.accept())
    page._ask_and_save()
    assert not timer.isActive() and (tmp_path / f"people-{page.board.chosen.title}.png").is_file()
    taken = []
    monkeypatch.setattr(page.generators, "import_from", taken.append)

    def name_it(dialog):
        dialog.findChild(QLineEdit, "fileNameEdit").setText(checkpoint.name)
        dialog.accept()

    for ask, name, timer in (
        (page._ask_file, checkpoint, when_modal(FileDialog, name_it)),
        (page._ask_folder, tmp_path, when_modal(FileDialog, lambda dialog: dialog.accept())),
    ):
        ask()
        assert not timer.isActive() and taken[-1] == name


def test_delete_removes_the_generator_that_was_clicked(app, page):
    asked = []
    page.ask_remove = lambda name: asked.append(name) or False
    page.activateWindow()
    QTest.mouseClick(page.list.viewport(), LEFT, pos=page.list.visualItemRect(page.list.currentItem()).center())
    QTest.keyClick(page.list, Qt.Key.Key_Delete)
    next(action for action in page.build_menu().actions() if "Del" in action.text()).trigger()
    assert asked == ["people", "people"]


def test_code_in_a_file_is_refused_in_a_sentence(app, page, tmp_path):
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    drop(page, tmp_path / "bad.pkl")
    app.wait(lambda: "os.system" in page.message.text())
    assert "nothing in it was run" in page.message.text() and page.message.styleSheet()
    assert len(page.generators.generators()) == 1 and page.name == "people"


def test_remove_asks_first(app, page, tmp_path):
    page.ask_remove = lambda name: False
    QTest.mouseClick(page.remove, LEFT)
    assert page.name == "people"
    page.ask_remove = lambda name: True
    QTest.mouseClick(page.remove, LEFT)
    assert page.name == "" and not (tmp_path / "generators" / "people").exists()
    assert filled(page) == 0 and not page.draw_button.isEnabled() and "Import" in page.message.text()


def test_closing_the_page_stops_drawing_and_the_program_ends(app, page):
    page.draw()
    page.close()
    app.wait(lambda: not page.generators.working)
    page.draw()
    app.close()
