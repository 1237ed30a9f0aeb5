"""The job around the optimisation: pause, resume, stop, cancel. The steps themselves are tested in tests/identity."""

import numpy as np
import pytest

from faceeditor.engine import attribute_job
from faceeditor.engine.attribute_job import AttributeOptimisation, AttributeRequest, OptimiseAttribute
from faceeditor.engine.jobs import JobContext
from faceeditor.engine.lanes import JobHandle
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.identity.optimise import OptimisationStep
from faceeditor.identity.variation import Variation
from faceeditor.portrait.style import StyleCode


def _portrait() -> Variation:
    return Variation(np.ones((256, 256), np.uint8), StyleCode.zeros())


def _steps(count: int):
    for number in range(count + 1):
        pixels = np.full((256, 256, 3), number, np.uint8)
        yield OptimisationStep(number, pixels, None, number / count, 0.1, {}, np.zeros((256, 256), np.uint8))


@pytest.fixture
def context():
    told: list[tuple[float, str]] = []
    ticket = JobHandle()

    def nothing(*_):
        raise AssertionError("not needed")

    made = JobContext(ticket, lambda share, text: told.append((share, text)), nothing, nothing, nothing, nothing)
    return made, told


@pytest.fixture(autouse=True)
def counted(monkeypatch):
    monkeypatch.setattr(attribute_job, "_begun", lambda request, context: _steps(request.steps))


def test_all_steps_are_told_in_order(context):
    seen: list[int] = []
    work = AttributeOptimisation(AttributeRequest(_portrait(), steps=5), lambda step: seen.append(step.number))
    last = OptimiseAttribute(work).run(context[0])
    assert seen == [0, 1, 2, 3, 4, 5] and work.done
    assert last is not None and last.number == 5
    assert context[1][-1] == (1.0, "Step 5 of 5")


def test_a_pause_ends_the_job_and_another_goes_on(context):
    seen: list[int] = []

    def step(each: OptimisationStep) -> None:
        seen.append(each.number)
        if each.number == 2:
            work.pause()

    work = AttributeOptimisation(AttributeRequest(_portrait(), steps=4), step)
    OptimiseAttribute(work).run(context[0])
    assert seen == [0, 1, 2] and not work.done and work.paused
    work.resume()
    OptimiseAttribute(work).run(context[0])
    assert seen == [0, 1, 2, 3, 4] and work.done


def test_a_stop_keeps_the_last_step(context):
    work = AttributeOptimisation(
        AttributeRequest(_portrait(), steps=9), lambda step: work.stop() if step.number == 3 else None
    )
    last = OptimiseAttribute(work).run(context[0])
    assert last is not None and last.number == 3 and work.done


def test_a_cancelled_ticket_ends_it(context):
    work = AttributeOptimisation(AttributeRequest(_portrait(), steps=9), lambda step: context[0].ticket.cancel())
    with pytest.raises(Cancelled):
        OptimiseAttribute(work).run(context[0])


def test_an_unknown_mode_is_refused():
    with pytest.raises(FaceEditorError, match="portrait, pixels"):
        AttributeOptimisation(AttributeRequest(_portrait(), mode="oil"))
