"""What is drawn while a hand moves, and what is not drawn again."""

from dataclasses import replace

import numpy as np
import pytest

from faceeditor.engine import photo_edit
from faceeditor.engine.helper_thread import HelperThread
from faceeditor.engine.photo_edit import DrawingAhead, FaceEdit, plan_edit
from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.head.controls import control
from faceeditor.photo.face import Options, Plan, quick
from faceeditor.portrait.style import StyleCode
from tests.photo.people import found_person, person


@pytest.fixture
def asked() -> list[RenderRequest]:
    return []


def edit(asked: list[RenderRequest], ahead: DrawingAhead | None, yaw: float, options: Options) -> None:
    def frame(request: RenderRequest) -> Frame:
        asked.append(request)
        return Frame(0, np.full((256, 256, 3), 90, np.uint8), "torch-cpu")

    head = control("yaw").set(person().head, None, yaw)
    plan_edit(frame, FaceEdit(found_person(), StyleCode.zeros(), head, options=options), ahead)


def test_the_generator_draws_only_what_is_needed(asked: list[RenderRequest]) -> None:
    edit(asked, None, 2.0, Options())
    assert asked == []


def test_the_generator_draws_ahead_while_it_is_needed(
    asked: list[RenderRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its part is under way before the motion is known, if the picture before had one."""
    helper = HelperThread("test-ahead")
    begun_before: list[bool] = []
    monkeypatch.setattr(Plan, "needs_generator", property(lambda self: begun_before.append(bool(asked)) or True))
    ahead = DrawingAhead(helper)
    try:
        edit(asked, ahead, 6.0, quick(Options()))
        assert not begun_before[0] and ahead.needed and len(asked) == 1
        waiting = photo_edit.Task.settle
        started: list[object] = []
        monkeypatch.setattr(helper, "start", lambda task: started.append(task) or waiting(task))
        begun_before.clear()
        asked.clear()
        edit(asked, ahead, 7.0, quick(Options()))
        assert begun_before[0] and len(asked) == len(started) == 1
    finally:
        helper.close()


def test_a_moving_hand_gets_the_fast_tier(asked: list[RenderRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "needs_generator", property(lambda self: True))
    for options in (Options(), quick(Options())):
        edit(asked, None, 6.0, options)
    assert [request.output.fast for request in asked] == [False, True]
    assert replace(asked[0].output, fast=True) == asked[1].output
