"""Work on a second thread: done once, by whoever comes first."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from faceeditor.engine import Engine
from faceeditor.engine.helper_thread import HelperThread, Task
from faceeditor.engine.pipeline import Pipeline, Run
from faceeditor.engine.requests import FAST, RenderRequest
from faceeditor.engine.stages import READERS, STAGES, DrawnRequest
from faceeditor.portrait.head import HeadCoefficients
from tests.engine.fakes import Answers, Endless, FakeGenerator
from tests.engine.heads import FakeHeads
from tests.engine.test_head_stage import request
from tests.patience import WAIT
from tests.requests import request_of


@pytest.fixture
def helper() -> Iterator[HelperThread]:
    made = HelperThread("helper-test")
    yield made
    made.close(WAIT)


def test_work_goes_on_while_its_owner_does_something_else(helper: HelperThread) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        assert go_on.wait(WAIT)
        return threading.current_thread().name

    task = Task(work)
    helper.start(task)
    assert begun.wait(WAIT)
    go_on.set()
    assert task.result() == "helper-test"


def test_work_that_has_not_begun_is_done_by_whoever_wants_it(helper: HelperThread) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(WAIT)

    runs: list[str] = []
    busy, waiting = Task(hold), Task(lambda: runs.append(threading.current_thread().name))
    helper.start(busy)
    helper.start(waiting)
    assert begun.wait(WAIT)
    waiting.settle()
    go_on.set()
    busy.settle()
    helper.close(WAIT)
    assert runs == [threading.current_thread().name]


def test_errors_reach_whoever_asks(helper: HelperThread) -> None:
    task: Task[float] = Task(lambda: 1 / 0)
    helper.start(task)
    task.settle()
    with pytest.raises(ZeroDivisionError):
        task.result()


def test_a_closed_one_leaves_work_to_its_owner(helper: HelperThread) -> None:
    helper.close()
    task = Task(lambda: threading.current_thread())
    helper.start(task)
    assert task.result() is threading.current_thread()


@dataclass(frozen=True)
class Resources:
    """Just the tools of a head."""

    heads: FakeHeads

    def move(self, *args: object) -> object:
        return self.heads.tools.move(*args)  # type: ignore[arg-type]

    def maps(self, head: HeadCoefficients) -> object:
        return self.heads.tools.maps(head)


def prepared(heads: FakeHeads, wanted: RenderRequest) -> Run:
    """A request after the stages of the head."""
    run = Run(Pipeline(STAGES, READERS, Resources(heads)), DrawnRequest(wanted, 256))
    heads.prepare(run)
    return run


def test_mask_and_maps_of_a_head_are_made_at_the_same_time(fake: FakeGenerator) -> None:
    heads = FakeHeads()
    met = threading.Barrier(2, timeout=WAIT)  # broken if the one waits for the other
    move, maps = heads.stand_in.move, heads.stand_in.maps

    def moved(*args: object) -> object:
        met.wait()
        return move(*args)  # type: ignore[arg-type]

    def drawn(head: HeadCoefficients) -> object:
        met.wait()
        return maps(head)

    heads.stand_in.move, heads.stand_in.maps = moved, drawn  # type: ignore[method-assign, pending]
    with Engine("openvino-cpu", opener=lambda device: fake, heads=heads) as engine:
        frame = engine.render(request(1, 12))
    assert frame.mask is not None and fake.maps[-1] is not None and (fake.maps[-1] == 12).all()


def test_an_error_of_the_one_waits_for_the_other() -> None:
    heads = FakeHeads()
    ended: list[str] = []
    begun, go_on = threading.Event(), threading.Event()
    maps = heads.stand_in.maps

    def failing(*_: object) -> object:
        assert begun.wait(WAIT)
        go_on.set()
        raise ValueError("no mask")

    def slow(head: HeadCoefficients) -> object:
        begun.set()
        assert go_on.wait(WAIT)
        ended.append("maps")
        return maps(head)

    heads.stand_in.move, heads.stand_in.maps = failing, slow  # type: ignore[method-assign, pending]
    with pytest.raises(ValueError, match="no mask"):
        prepared(heads, request(1, 12))
    assert ended == ["maps"]
    heads.close()


def test_light_alone_is_drawn_on_one_thread() -> None:
    names: list[str] = []
    heads = FakeHeads()
    maps = heads.stand_in.maps

    def drawn(head: HeadCoefficients) -> object:
        names.append(threading.current_thread().name)
        return maps(head)

    heads.stand_in.maps = drawn  # type: ignore[method-assign, pending]
    still = HeadCoefficients.neutral()
    wanted = request_of(1, request(1, 0).mask, request(1, 0).style, head=still, base_head=still)
    assert prepared(heads, wanted)["outlines"] is wanted.mask
    assert names == [threading.current_thread().name]
    heads.close()


@pytest.mark.parametrize(("seconds", "wanted"), [(0.03, [FAST]), (0.0, [])])
def test_the_fast_tier_is_prepared_where_heads_will_need_it(seconds: float, wanted: list[int]) -> None:
    done = threading.Event()

    class Warming(FakeGenerator):
        def warm_up(self, size: int) -> None:
            warmed.append(size)

    class Noting(FakeHeads):
        def warm_up(self, check: object = None) -> None:
            super().warm_up()
            done.set()

    warmed: list[int] = []
    answers = Answers()
    generator = Warming(seconds=seconds, milliseconds=1e3 * seconds)
    with Engine("auto", opener=lambda device: generator, heads=Noting()) as engine:
        plain = request(1, 0)
        engine.submit(request_of(1, plain.mask, plain.style), answers.on_frame, answers.on_error)
        assert done.wait(WAIT)
        engine.run(Endless(), answers.on_progress, answers.on_done, answers.on_error)
        answers.wait(lambda: answers.progress)  # the job before, which warms up, is over
    assert warmed == wanted
