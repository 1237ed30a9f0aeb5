"""The board, driven by clicks, keys and drags to changed pixels."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.engine.board_jobs import BoardTools
from faceeditor.errors import ModelError
from faceeditor.gui.controllers import head_reader
from faceeditor.gui.dialogs.file_dialog import FileDialog
from faceeditor.gui.imaging import from_qimage
from faceeditor.gui.settings import settings
from faceeditor.identity.people import HeadChanges
from faceeditor.images import open_picture
from faceeditor.portrait.adjustments import ColourChange
from tests.gui.fake_engine import READ_HEAD, FakeHeadPrior
from tests.gui.head_input import drag, drag_row, panel_of, when_modal
from tests.identity.people import Mean
from tests.patience import WAIT

LEFT = Qt.MouseButton.LeftButton


class AnyHead(FakeHeadPrior):
    """Any expression, pose and light, whatever the variety of other priors."""

    def draw(self, group, random, head, variety=1.0):
        return super().draw(group, random, head)


def with_board(app):
    """A program whose board needs no models, with its panel in front."""
    app.window.board.tools = BoardTools(Mean, {"head": lambda context: HeadChanges(AnyHead())})
    app.read_head()
    app.window.show_panel("person")
    return app


@pytest.fixture
def board(app):
    """The controller of a program's board with the person pinned by a click, and all tiles drawn."""
    with_board(app)
    QTest.mouseClick(app.window.board_panel.controls.pin, LEFT)
    full(app)
    return app.window.board


def full(app):
    """Wait until the board is drawn."""
    board = app.window.board
    app.wait(lambda: board.pinned is not None and len(board.tiles) == board.options.count and not board.working)


def tile_pixels(tile):
    side = tile.width()
    return from_qimage(tile.grab().toImage())[20:side]


def tiles_of(app):
    return app.window.board_panel.grid.tiles


def test_the_person_is_pinned_and_drawn_in_other_pictures(app, board):
    assert board.options.count == 12
    pictures = [tile_pixels(tile) for tile in tiles_of(app)]
    assert len({picture.tobytes() for picture in pictures}) >= 6
    for number, tile in enumerate(tiles_of(app)):
        assert tile.accessibleName() == f"Head changes {board.tiles[number].distance:.2f}"
    assert app.window.status.person.isVisible()
    app.wait(lambda: board.score is not None)
    assert board.score < 1e-4  # nothing was changed yet
    assert app.window.board_panel.controls.meter.distance == board.score


def test_a_click_puts_all_of_a_tile_into_the_portrait_as_one_step(app, board):
    tile, steps = board.tiles[3], len(app.portrait.undo_stack)
    before = app.session.frame.pixels
    QTest.mouseClick(tiles_of(app)[3], LEFT)
    app.settle()
    assert len(app.portrait.undo_stack) == steps + 1
    assert app.portrait.head.key == tile.variation.head.key
    assert np.array_equal(app.session.frame.pixels, tile.picture.pixels)
    assert not np.array_equal(app.session.frame.pixels, before)
    app.wait(lambda: board.score is not None)
    assert board.score == pytest.approx(tile.distance, abs=1e-4)
    QTest.keyClick(app.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    app.settle()
    assert np.abs(app.session.frame.pixels.astype(int) - before).max() == 0
    # The board belongs to the pinned person and not to what the portrait shows.
    assert board.tiles[3] is tile


def test_a_tile_brings_its_own_mask_back(app, board):
    mask = app.portrait.mask.copy()
    app.session.clear_region(1)
    app.settle()
    assert not np.array_equal(app.portrait.mask, mask)
    tiles_of(app)[0].setFocus()
    QTest.keyClick(tiles_of(app)[0], Qt.Key.Key_Return)
    assert np.array_equal(app.portrait.mask, mask)


def test_variety_draws_anew_and_none_is_the_person(app, board):
    old = {index: tile.variation.head.key for index, tile in board.tiles.items()}
    slider = app.window.board_panel.controls.variety
    drag_row(slider, 0.95)
    assert board.options.variety > 0.8
    full(app)
    assert all(tile.variation.head.key != old[index] for index, tile in board.tiles.items())
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    full(app)
    assert board.options.variety == 0
    assert all(np.array_equal(t.picture.pixels, board.pinned.picture.pixels) for t in board.tiles.values())


def test_likeness_turns_misses_down(app, board):
    far = max(tile.distance for tile in board.tiles.values())
    board.set_options(likeness=far * 0.6)
    full(app)
    assert max(tile.distance for tile in board.tiles.values()) < far
    assert any(tile.tries > 1 for tile in board.tiles.values())


def test_a_lock_keeps_its_group(app, board):
    QTest.mouseClick(app.window.board_panel.controls.section.header, LEFT)
    QApplication.processEvents()
    chip = app.window.board_panel.controls.locks["pose"]
    assert chip.isVisible()
    QTest.mouseClick(chip, LEFT)
    full(app)
    assert chip.isChecked() and board.options.locks == {"pose"}
    base = board.pinned.variation.head
    assert all(np.array_equal(tile.variation.head.pose, base.pose) for tile in board.tiles.values())
    assert any(not np.array_equal(tile.variation.head.gamma, base.gamma) for tile in board.tiles.values())


def test_two_sliders_over_rows_and_columns(app, board, page):
    controls = page.controls
    assert not controls.across.isVisible()
    controls.method.setCurrentIndex(controls.method.findData("sliders"))
    full(app)
    assert controls.across.isVisible() and controls.across.currentText() == "Yaw"
    yaws = [float(board.tiles[index].variation.head.pose[0]) for index in range(12)]
    assert yaws[0] < yaws[1] < yaws[2] < yaws[3] and yaws[4:8] == yaws[:4]
    controls.across.setCurrentIndex(controls.across.findData("roll"))
    full(app)
    assert len({round(float(board.tiles[index].variation.head.pose[2]), 2) for index in range(4)}) == 4


def test_kept_tiles_stay_and_one_is_drawn_anew(app, board):
    old = {index: tile.variation.head.key for index, tile in board.tiles.items()}
    tiles_of(app)[2].setFocus()
    QTest.keyClick(tiles_of(app)[2], Qt.Key.Key_K)
    assert tiles_of(app)[2].text().startswith("◆")
    QTest.mouseClick(app.window.board_panel.controls.reroll, LEFT)
    full(app)
    new = {index: tile.variation.head.key for index, tile in board.tiles.items()}
    assert new[2] == old[2] and all(new[index] != old[index] for index in new if index != 2)
    QTest.keyClick(tiles_of(app)[5], Qt.Key.Key_R)
    full(app)
    once_more = {index: tile.variation.head.key for index, tile in board.tiles.items()}
    assert [index for index in new if new[index] != once_more[index]] == [5]


def test_more_like_this_measures_against_the_pinned_person(app, board):
    chosen = board.tiles[4]
    tiles_of(app)[4].setFocus()
    QTest.keyClick(tiles_of(app)[4], Qt.Key.Key_M)
    full(app)
    assert board.drilled and np.array_equal(board.reference.embedding, board.pinned.embedding)
    board.set_options(variety=0.0)
    full(app)
    for tile in board.tiles.values():
        assert np.array_equal(tile.picture.pixels, chosen.picture.pixels)
        assert tile.distance == pytest.approx(chosen.distance, abs=1e-4)
    QTest.mouseClick(app.window.board_panel.controls.back, LEFT)
    full(app)
    assert not board.drilled and board.tiles[0].distance < 1e-4


def test_a_drag_stops_the_board_and_it_goes_on_afterwards(run):
    app = with_board(run(delay=0.03))
    board = app.window.board
    board.pin()
    app.wait(lambda: len(board.tiles) >= 2)
    app.heads.begin("Yaw")
    app.heads.set(app.heads.head.changed(pose=(9.0, 0.0, 0.0)))
    assert not board.working
    app.finish_jobs()
    assert not board.working and len(board.tiles) < board.options.count
    app.heads.end()
    full(app)


def test_nothing_is_drawn_for_a_board_that_is_not_seen(app):
    with_board(app)
    panel_of(app, "pose")
    app.window.docks["regions"].raise_()
    QApplication.processEvents()
    board = app.window.board
    board.pin()
    app.wait(lambda: board.pinned is not None and board.score is not None)
    app.settle()
    app.finish_jobs()
    assert not board.tiles and not board.working
    app.window.docks["person"].raise_()
    full(app)


def test_another_portrait_has_another_person(app, board, monkeypatch):
    from faceeditor.portrait.document import Portrait

    app.portrait.mark_saved()
    app.session.replace(Portrait(app.portrait.mask, app.portrait.style))
    assert board.pinned is None and not board.tiles and not app.window.status.person.isVisible()


def test_a_person_is_pinned_as_soon_as_the_head_is_read(run, monkeypatch):
    monkeypatch.setattr(head_reader, "_IDLE_MS", 10_000_000)
    app = run()
    board = app.window.board
    board.tools = BoardTools(Mean, {"head": lambda context: HeadChanges(AnyHead())})
    assert board.heads.variation() is None
    app.window.show_board()
    assert board.pinned is None and app.window.status.work.isVisible()
    app.heads.reader._take(READ_HEAD)
    app.wait(lambda: board.pinned is not None)
    app.window.board_page.close()


def test_waiting_for_the_head_can_be_stopped(run, monkeypatch):
    monkeypatch.setattr(head_reader, "_IDLE_MS", 10_000_000)
    app = run()
    app.window.show_board()
    board = app.window.board
    board.stop()
    assert not app.window.status.work.isVisible()
    app.heads.reader._take(READ_HEAD)
    assert not board.working and board.pinned is None
    app.window.board_page.close()


def test_without_a_recogniser_one_sentence_says_so(app, monkeypatch):
    from faceeditor.errors import ModelError

    def missing():
        raise ModelError("The model “recogniser” is missing.")

    with_board(app)
    app.window.board.tools = BoardTools(missing)
    said = []
    app.window.board.noted.connect(said.append)
    app.window.board.pin()
    app.wait(lambda: bool(said))
    assert said == ["The model “recogniser” is missing."] and not app.window.board.working


@pytest.fixture
def page(app, board):
    """The full board, opened by its key."""
    QTest.keyClick(app.window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    app.wait(lambda: app.window.board_page is not None and app.window.board_page.isVisible())
    return app.window.board_page


def test_the_full_board_has_other_sizes(app, board, page):
    first = board.tiles[0]
    page.controls.size_choice.setCurrentIndex(2)
    full(app)
    assert board.options.count == 24 and board.tiles[0] is first
    assert sum(tile.isVisible() for tile in page.grid.tiles) == 24
    assert page.grid.tiles[5].y() == page.grid.tiles[0].y() != page.grid.tiles[6].y()


def test_stars_are_used_and_exported(app, board, page, tmp_path):
    for number in (1, 7):
        QTest.keyClick(page.grid.tiles[number], Qt.Key.Key_S)
    assert len(page.star_tiles) == 2 and page.star_area.isVisible()
    starred = board.tiles[7]
    QTest.mouseClick(page.controls.reroll, LEFT)
    full(app)
    QTest.mouseClick(page.star_tiles[1], LEFT)
    app.settle()
    assert app.portrait.head.key == starred.variation.head.key
    page.export_to(tmp_path / "stars.png", starred=True)
    page.export_to(tmp_path / "all", folder=True)
    assert open_picture(tmp_path / "stars.png").shape[0] == 256
    assert len(list((tmp_path / "all").glob("0*.png"))) == 12 and (tmp_path / "all" / "board.csv").is_file()
    page.export_to(tmp_path / "no" / "such" / "place.png")
    assert "place.png" in page.message.text() or "folder" in page.message.text()


def test_the_dialog_of_the_program_asks_where_to_export(app, board, page, tmp_path):
    settings().setValue("folder", str(tmp_path))
    for timer, act, made in (
        (when_modal(FileDialog, lambda dialog: dialog.accept()), lambda: page._ask_sheet(False), "board.png"),
        (when_modal(FileDialog, lambda dialog: dialog.accept()), lambda: page._ask_folder(False), "board.csv"),
    ):
        act()
        assert not timer.isActive() and (tmp_path / made).is_file()


def test_the_keys_of_a_tile_work_after_a_click(app, board, page):
    page.activateWindow()
    QTest.mouseClick(page.grid.tiles[2], LEFT)
    assert page.focusWidget() is page.grid.tiles[2]
    QTest.keyClick(page.focusWidget(), Qt.Key.Key_K)
    assert 2 in board.kept


def test_four_are_compared_with_one_zoom(app, board, page):
    for number in range(5):
        QTest.keyClick(page.grid.tiles[number], Qt.Key.Key_C)
    QApplication.processEvents()
    assert [face.tile for face in page.compared_faces] == [board.tiles[number] for number in (1, 2, 3, 4)]
    faces = page.compared_faces
    before = [face.grab().toImage() for face in faces]
    at = QPointF(faces[2].rect().center())
    turn = QWheelEvent(at, faces[2].mapToGlobal(at), QPoint(), QPoint(0, 480), Qt.MouseButton.NoButton,
                       Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(faces[2], turn)
    assert all(face.grab().toImage() != old for face, old in zip(faces, before, strict=True))
    zoomed = [face.grab().toImage() for face in faces]
    drag(faces[0], [at, at + QPointF(-30, -10)])
    assert all(face.grab().toImage() != old for face, old in zip(faces, zoomed, strict=True))
    QTest.mouseClick(page.end_comparison, LEFT)
    assert not page.comparison.isVisible()


def test_the_menu_of_a_tile(app, board, page):
    menu = page.grid.make_menu(3)
    names = [action.text().split("\t")[0] for action in menu.actions() if action.text()]
    assert names == ["Use in the portrait", "Keep", "Star", "Draw anew", "More like this", "Compare"]
    next(action for action in menu.actions() if action.text().startswith("Star")).trigger()
    assert board.starred == [board.tiles[3]]
    menu.deleteLater()


def test_the_board_is_saved_with_the_portrait(app, board, page, tmp_path):
    from faceeditor.portrait import store

    page.controls.size_choice.setCurrentIndex(1)
    full(app)
    QTest.keyClick(page.grid.tiles[1], Qt.Key.Key_S)
    QTest.keyClick(page.grid.tiles[2], Qt.Key.Key_K)
    QTest.keyClick(page.grid.tiles[3], Qt.Key.Key_R)
    full(app)
    pictures = [tile.picture.pixels for _, tile in sorted(board.tiles.items())]
    assert app.portrait.modified
    store.save(app.portrait, tmp_path / "anna.fep")
    assert not app.portrait.modified
    board.unpin()
    assert app.portrait.modified and not app.portrait.board
    app.portrait.mark_saved()
    app.session.replace(store.load(tmp_path / "anna.fep"))
    full(app)
    assert board.options.count == 20 and board.kept == {2} and len(board.starred) == 1
    assert not app.portrait.modified
    for index, picture in enumerate(pictures):
        assert np.array_equal(board.tiles[index].picture.pixels, picture)
    assert np.array_equal(board.starred[0].picture.pixels, pictures[1])


def test_a_damaged_board_costs_the_board_alone(app, board, tmp_path):
    from faceeditor.portrait import store

    app.portrait.set_board(b"nothing")
    store.save(app.portrait, tmp_path / "anna.fep")
    said = []
    board.noted.connect(said.append)
    app.session.replace(store.load(tmp_path / "anna.fep"))
    app.wait(lambda: bool(said))
    assert "damaged and was left out" in said[0] and board.pinned is None
    app.settle()


def test_a_person_is_pinned_with_the_adjustments_of_the_portrait(app):
    with_board(app)
    app.window.adjustments.add_colour("Red hair", "hair")
    app.window.adjustments.change(0, settings=ColourChange((0.7, 0.1, 0.1)))
    app.settle()
    QTest.mouseClick(app.window.board_panel.controls.pin, LEFT)
    full(app)
    board = app.window.board
    app.wait(lambda: board.score is not None)
    assert board.score < 1e-4
    assert np.array_equal(board.pinned.picture.pixels, app.session.frame.pixels)
    QTest.mouseClick(tiles_of(app)[2], LEFT)
    app.settle()
    assert np.array_equal(app.session.frame.pixels, board.tiles[2].picture.pixels)
    assert len(app.portrait.state().face.adjustments) == 1


class Late(HeadChanges):
    """A method that takes long to open and prepares people; lists what it was asked for."""

    def __init__(self, told):
        super().__init__(AnyHead())
        self.told = told
        told.append("open")

    def prepare(self, reference):
        self.told.append("prepare")


def test_the_other_methods_are_prepared_while_the_window_rests(app):
    told = []
    app.window.board.tools = BoardTools(
        Mean, {"head": lambda context: HeadChanges(AnyHead()), "exfacegan": lambda context: Late(told)}
    )
    app.read_head()
    app.window.show_panel("person")
    QTest.mouseClick(app.window.board_panel.controls.pin, LEFT)
    full(app)
    app.wait(lambda: told == ["open", "prepare"])
    board = app.window.board
    board.set_options(method="exfacegan")
    full(app)
    assert told == ["open", "prepare"] and {tile.method for tile in board.tiles.values()} == {"exfacegan"}


def test_a_method_that_cannot_be_prepared_is_told_of_when_it_is_chosen(app):
    def missing(context):
        raise ModelError("The model “exfacegan” is missing.")

    board = app.window.board
    board.tools = BoardTools(Mean, {"head": lambda context: HeadChanges(AnyHead()), "exfacegan": missing})
    app.read_head()
    notes = []
    board.noted.connect(notes.append)
    app.window.show_panel("person")
    QTest.mouseClick(app.window.board_panel.controls.pin, LEFT)
    full(app)
    app.wait(lambda: board._prepared is board.pinned)
    assert not any("missing" in note for note in notes) and not board.working
    board.set_options(method="exfacegan")
    app.wait(lambda: any("missing" in note for note in notes))


def test_no_tile_of_a_mix_waits_for_the_pool_of_another_method(app):
    board, all_heads_there, in_time = app.window.board, threading.Event(), []

    def slow(context):
        in_time.append(all_heads_there.wait(WAIT))
        return Late([])

    def look(index):
        if len(board.tiles) == 6:
            all_heads_there.set()

    board.tools = BoardTools(Mean, {"exfacegan": slow, "head": lambda context: HeadChanges(AnyHead())})
    board.set_options(method="mix")
    board.tile_changed.connect(look)
    app.read_head()
    app.window.show_panel("person")
    QTest.mouseClick(app.window.board_panel.controls.pin, LEFT)
    full(app)
    assert in_time == [True]
    assert {index % 2: tile.method for index, tile in board.tiles.items()} == {0: "exfacegan", 1: "head"}
