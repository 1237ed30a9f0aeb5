"""Every text of the window and of its dialogs has the room that it needs, with longer words of a translation, too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QTranslator
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QTabBar,
    QWidget,
)

from faceeditor.gui.app import application
from faceeditor.gui.canvas.tools import Tool
from faceeditor.gui.dialogs.export_dialog import What
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.widgets.chip import Chip
from faceeditor.gui.widgets.face_tile import FaceTile
from faceeditor.gui.widgets.region_button import RegionButton
from faceeditor.gui.widgets.style_thumb import StyleThumb
from faceeditor.interaction.transform import Transform
from tests.gui.fake_engine import random_style
from tests.gui.head_input import panel_of, when_modal

PADDING = "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
SIZES = {"1280x720": (1280, 720), "1600x1000": (1600, 1000), "1600x1000 at twice the scale": (800, 500)}


class Longer(QTranslator):
    """A translation in which every text is 30 % longer."""

    def translate(self, context, source, disambiguation=None, n=-1):
        words = source.rstrip()
        return source + PADDING[: max(1, round(len(words) * 0.3))] if words and "{" not in source else source

    def isEmpty(self):
        return False


@pytest.fixture(params=["English", "30 % longer"])
def language(request) -> Iterator[str]:
    application()
    translator = Longer()
    if request.param != "English":
        QApplication.installTranslator(translator)
    yield request.param
    QApplication.removeTranslator(translator)


def cut_texts(top: QWidget) -> list[str]:
    """Every visible button and label below a widget whose text does not fit, or that lies outside of the widget."""
    found = []
    for widget in [*top.findChildren(QAbstractButton), *top.findChildren(QLabel)]:
        text = widget.text()
        ignored = isinstance(widget, StyleThumb) or isinstance(widget.parentWidget(), QLineEdit)
        if not text or not widget.isVisible() or ignored or _behind(widget):
            continue
        where = f"{type(widget).__name__} “{text}”"
        if isinstance(widget, QLabel) and widget.wordWrap():
            if widget.heightForWidth(widget.width()) > widget.height():
                found.append(f"{where}: {widget.height()} px high, needs {widget.heightForWidth(widget.width())}")
        elif isinstance(widget, (Chip, FaceTile, RegionButton)):
            if widget.elided and text not in widget.toolTip():
                found.append(f"{where}: shortened, and no tool tip tells it")
        elif widget.width() < widget.sizeHint().width():
            found.append(f"{where}: {widget.width()} px wide, needs {widget.sizeHint().width()}")
        elif isinstance(widget, QLabel) and widget.height() < widget.sizeHint().height():
            found.append(f"{where}: {widget.height()} px high, needs {widget.sizeHint().height()}")
        frame, scrolled = _frame(widget, top)
        place = QRect(widget.mapTo(frame, QPoint(0, 0)), widget.size())
        inside = frame.rect()
        if place.left() < inside.left() or place.right() > inside.right():
            found.append(f"{where}: sticks out of its window sideways, {place} of {inside}")
        if not scrolled and (place.top() < inside.top() or place.bottom() > inside.bottom()):
            found.append(f"{where}: sticks out of its window, {place} of {inside}")
    return found


def _behind(widget: QWidget) -> bool:
    """Whether a widget lies in a panel behind another tab."""
    parent = widget.parentWidget()
    while parent is not None:
        if parent.objectName() in ("panelBody", "panelHeader") and parent.visibleRegion().isEmpty():
            return True
        parent = parent.parentWidget()
    return False


def _frame(widget: QWidget, top: QWidget) -> tuple[QWidget, bool]:
    """What cuts a widget off: the contents of its scroll area, which scroll upwards, or its window."""
    parent = widget.parentWidget()
    while parent is not None and parent is not top:
        area = parent.parentWidget().parentWidget() if parent.parentWidget() is not None else None
        if isinstance(area, QScrollArea) and area.widget() is parent:
            return area.viewport(), True
        parent = parent.parentWidget()
    return top, False


def check(widget: QWidget) -> None:
    QApplication.processEvents()
    assert cut_texts(widget) == []


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_in_the_window(run, language, size) -> None:
    app = run()
    app.window.resize(*size)
    QApplication.processEvents()
    docks = {name: dock.minimumSizeHint().width() for name, dock in app.window.docks.items()}
    assert (app.window.width(), app.window.height()) == size, f"too large for the screen: {docks}"
    check(app.window)
    for mode in ("focus", "overlay", "wipe", "head_over"):
        app.window.actions_by_name[mode].trigger()
        check(app.window)
    for group in app.window.head_panels:
        panel_of(app, group)
        check(app.window)


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_in_the_bar_and_the_panel_of_the_shaping_tools(run, language, size) -> None:
    app = run()
    app.window.resize(*size)
    app.tools.set_tool(Tool.PUSH)
    check(app.window)
    app.window.actions_by_name["transform"].trigger()
    app.canvas.selecting.set_transform(Transform(-511.5, -511.5, -19.995, -19.995, -179.5))
    check(app.window)
    bar = app.window.transform_bar
    assert bar.apply.isVisible()
    for box in (bar.move_x, bar.width_percent, bar.angle):
        text = box.lineEdit()
        needed = text.fontMetrics().horizontalAdvance(text.text()) + 8
        assert not box.isVisible() or needed <= text.width(), "the whole number is seen"


def shown(app, call, kind=QDialog, act=lambda dialog: None) -> None:
    """Open a modal dialog, measure it and close it."""
    found, problems = [], []

    def measure(dialog) -> None:
        try:
            act(dialog)
            QApplication.processEvents()
            problems.extend(cut_texts(dialog))
            size = dialog.frameGeometry().size()
            screen = dialog.screen().availableGeometry()
            if size.width() > screen.width() or size.height() > screen.height():
                problems.append(f"{size} is larger than the screen")
            found.append(dialog)
        finally:
            dialog.reject()

    keep = when_modal(kind, measure)
    call()
    assert found, "no dialog came"
    assert problems == []
    del keep


def test_in_questions(run, language) -> None:
    app = run()
    app.portrait.mark_saved(Path("A rather long name of a portrait.fep"))
    shown(app, app.files.ask_unsaved, QMessageBox)
    shown(app, lambda: app.files.ask_mask_or_photo(Path("some.png")), QMessageBox)


def test_in_dialogs(run, language, tmp_path) -> None:
    app = run()
    app.read_head()
    app.styles.apply(random_style(2, "Second"))
    shown(app, app.files.new_from_sample)
    shown(app, app.files.export)
    for what in What:
        choose = lambda dialog, what=what: dialog.what.setCurrentIndex(dialog.what.findData(what))  # noqa: E731
        shown(app, app.files.export, act=choose)
    shown(app, app.window.export_video)
    shown(app, app.window.export_video, act=lambda dialog: dialog.motion.button(1).click())
    shown(app, app.window.show_keys)
    shown(app, app.window.show_preferences)
    shown(app, app.window.show_preferences, act=lambda dialog: dialog.show_shortcuts())
    picture = tmp_path / "face.png"
    to_qimage(app.session.frame.pixels).save(str(picture))
    app.window.photos.offer(picture)
    sheet = app.window.photos.sheet
    assert sheet is not None
    check(sheet)
    sheet.reject()


def test_the_bar_over_the_canvas_keeps_what_matters_most(run) -> None:
    app = run()
    for width in (1600, 1000, 800, 700):
        app.window.resize(width, 500)
        QApplication.processEvents()
        bar = app.window.bar
        for button in bar.findChildren(QAbstractButton):
            if button.isVisible():
                place = QRect(button.mapTo(bar, QPoint(0, 0)), button.size())
                assert bar.rect().contains(place), button.accessibleName()
        assert all(bar.modes.button(index).isVisible() for index in range(4))


def test_tabs_of_the_panels_show_their_words(run) -> None:
    app = run()
    app.window.resize(1440, 900)
    QApplication.processEvents()
    bars = [bar for bar in app.window.findChildren(QTabBar) if bar.isVisible()]
    assert bars
    for bar in bars:
        assert sum(bar.tabRect(index).width() for index in range(bar.count())) <= bar.width()
