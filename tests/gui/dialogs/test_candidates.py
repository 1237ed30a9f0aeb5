"""New styles to choose from."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from faceeditor.gui.dialogs.candidates import COLUMNS, ROWS, CandidatesDialog
from tests.gui.head_input import when_modal


def test_a_candidate_is_chosen_by_a_click_and_is_one_undo_step(app):
    chosen = []

    def choose(dialog):
        app.wait(lambda: dialog._job is None)
        assert len({thumb.style_code.key for thumb in dialog.thumbs}) == COLUMNS * ROWS
        chosen.append(dialog.thumbs[5].style_code)
        QTest.mouseClick(dialog.thumbs[5], Qt.MouseButton.LeftButton)

    keep = when_modal(CandidatesDialog, choose)
    app.window.actions_by_name["candidates"].trigger()
    assert app.portrait.style.key == chosen[0].key and app.portrait.undo_stack == ("New style",)
    del keep


def test_more_draws_others_and_escape_changes_nothing(app):
    before = app.portrait.style
    seen = []

    def look(dialog):
        first = [thumb.style_code.key for thumb in dialog.thumbs]
        dialog.more.click()
        seen.extend(set(first) & {thumb.style_code.key for thumb in dialog.thumbs})
        dialog.reject()

    keep = when_modal(CandidatesDialog, look)
    app.window.actions_by_name["candidates"].trigger()
    assert not seen and app.portrait.style.key == before.key and app.portrait.undo_stack == ()
    del keep
