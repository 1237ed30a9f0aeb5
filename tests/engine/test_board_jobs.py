"""Tiles of a board through the engine's job, with stand-ins for networks."""

from dataclasses import replace

import numpy as np
import pytest

from faceeditor.engine import Frame, JobContext
from faceeditor.engine.board_jobs import BoardTools, DrawBoard, PhotoOfFace, ScoreFace
from faceeditor.engine.lanes import JobHandle
from faceeditor.errors import ModelError
from faceeditor.identity.board import BoardOptions, Reference
from faceeditor.identity.people import HeadChanges
from faceeditor.identity.variation import FacePicture
from tests.engine.test_photo_edit import face_state
from tests.identity.people import FRAME, Mean, ShapePrior, portrait
from tests.photo.people import found_person


def context() -> JobContext:
    def frame(request: object) -> Frame:
        return Frame(0, np.full((256, 256, 3), 80, np.uint8), "torch-cpu")

    nothing = lambda *_: None  # noqa: E731
    return JobContext(JobHandle(), nothing, nothing, frame, nothing, nothing)  # type: ignore[arg-type]


def drawn(slow) -> tuple[BoardTools, DrawBoard, list[int]]:
    """A mix of two methods, one of which opens slowly; the indices of its tiles as they come."""
    order: list[int] = []
    tools = BoardTools(Mean, {"exfacegan": lambda context: slow(order), "head": lambda context: changes()})
    picture = FacePicture(np.full((256, 256, 3), 80, np.uint8), FRAME)
    reference = Reference(portrait(0), picture, Mean().embed([picture.pixels], [FRAME])[0])
    options = BoardOptions("mix", rows=2, columns=3)
    job = DrawBoard(tools, reference, options, [(i, 0) for i in range(6)], lambda index, tile: order.append(index))
    return tools, job, order


def changes() -> HeadChanges:
    return HeadChanges(ShapePrior())  # type: ignore[arg-type]


def test_the_first_tiles_do_not_wait_for_a_pool() -> None:
    there: list[list[int]] = []

    def slow(order):
        there.append(list(order))
        return changes()

    tools, job, order = drawn(slow)
    assert job.run(context()) == 6
    assert there == [[1, 3, 5]] and order == [1, 3, 5, 0, 2, 4]
    # Once everything is open, tiles come in their own order.
    assert tools.opening_rank("exfacegan") == 0
    order.clear()
    job.run(context())
    assert order == [0, 1, 2, 3, 4, 5] and len(there) == 1


def test_a_method_that_is_missing_costs_its_own_tiles() -> None:
    def missing(order):
        raise ModelError("The model “exfacegan” is missing.")

    _, job, order = drawn(missing)
    with pytest.raises(ModelError, match="missing"):
        job.run(context())
    assert order == [1, 3, 5]


def test_a_face_on_a_photograph_is_measured_as_the_photograph_shows_it() -> None:
    """The meter took the drawn face, which differs from any photograph, for the edited one."""
    tools = BoardTools(Mean)
    face = face_state()
    drawn = np.full((256, 256, 3), 7, np.uint8)
    person = Reference(portrait(0), FacePicture(drawn, FRAME), np.zeros(128, np.float32))

    def apart(state, reference=person) -> float:
        photo = PhotoOfFace(found_person(), state)
        return ScoreFace(tools, drawn, face.mask, reference, photo).run(context())

    assert apart(face) == pytest.approx(0, abs=1e-6)  # unedited: the photograph itself, whatever is drawn
    dark = face.changed(head=face.head.changed(gamma=face.head.gamma * np.float32(0.5)))
    far = apart(dark)
    assert far > 1e-3
    # Pinned as it is now, the edited face is at no distance.
    pinned_dark = replace(person, photographed=PhotoOfFace(found_person(), dark).embedding(tools, context()))
    assert apart(dark, pinned_dark) == pytest.approx(0, abs=1e-6)
    assert apart(face, pinned_dark) == pytest.approx(far, rel=0.05)
