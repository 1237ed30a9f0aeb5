"""The engine around a fake generator: newest wins, revisions, cancel, errors, closing."""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceeditor.engine import Engine, JobContext, Output, RenderRequest, Thumbnails, core
from faceeditor.engine.stages import framed
from faceeditor.errors import Cancelled, EngineError, ModelError
from faceeditor.generators.devices import DeviceError
from faceeditor.portrait.style import StyleCode
from tests.engine.fakes import Answers, Endless, FakeGenerator
from tests.generators import tiny
from tests.patience import WAIT
from tests.requests import request_of

STYLE = StyleCode.zeros()


def request(revision: int, region: int = 0, **options: Any) -> RenderRequest:
    mask = np.full((256, 256), region, np.uint8)
    mask[0, 1:4] = revision % 19, revision // 19 % 19, revision // 361
    return request_of(revision, mask, STYLE, **options)  # type: ignore[arg-type]


def level(value: float) -> StyleCode:
    return StyleCode(STYLE.regions, np.full(64, value, np.float32), STYLE.detail)


def test_import_is_light() -> None:
    code = "import faceeditor.engine, sys; print({'torch', 'openvino', 'cv2', 'PySide6'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"


def test_newest_request_wins(engine: Engine, fake: FakeGenerator) -> None:
    answers = Answers()
    fake.go_on.clear()
    engine.submit(request(0), answers.on_frame, answers.on_error)
    assert fake.started.wait(WAIT)
    for revision in range(1, 100):
        engine.submit(request(revision), answers.on_frame, answers.on_error)
    fake.go_on.set()
    answers.wait(lambda: answers.frames and answers.frames[-1].revision == 99)
    assert [frame.revision for frame in answers.frames] == [0, 99] and len(fake.sides) == 2
    assert answers.threads == {"engine-frames"}
    assert not answers.errors


def test_frame_is_fresh_read_only_and_timed(engine: Engine, fake: FakeGenerator) -> None:
    fake.seconds = 0.01
    frame = engine.render(request(5, region=3))
    assert frame.pixels.shape == (256, 256, 3) and frame.pixels.dtype == np.uint8 and (frame.pixels == 30).all()
    assert not frame.pixels.flags.writeable
    assert frame.revision == 5 and frame.device == "openvino-cpu" and frame.drawn == 256
    assert 10 <= frame.timings["network"] <= frame.timings["total"]


def test_request_is_a_copy() -> None:
    mask = np.zeros((256, 256), np.uint8)
    made = request_of(1, mask, STYLE)
    mask[:] = 4
    assert made.mask.max() == 0
    with pytest.raises(ValueError):
        made.mask[0, 0] = 1


def test_impossible_requests_are_refused() -> None:
    for scale in (0.0, float("nan"), 1e9):
        with pytest.raises(EngineError, match="times the size"):
            Output(scale=scale)
    for rect in ((0, 0, 0, 10), (0, 0, float("nan"), 10), (0, float("inf"), 5, 5)):
        with pytest.raises(EngineError, match="empty"):
            Output(rect)


def test_outputs_are_drawn_in_the_fitting_tier(engine: Engine, fake: FakeGenerator) -> None:
    state = request(3, region=4).state
    for output, side, shape in (
        (Output.of_side(96), 128, (96, 96, 3)),
        (Output.of_side(128), 128, (128, 128, 3)),
        (Output(), 256, (256, 256, 3)),
        (Output((64, 32, 50, 20), 2.0), 512, (40, 100, 3)),
        (Output.of_side(1000), 512, (1000, 1000, 3)),
    ):
        frame = engine.render(RenderRequest.of(state, output))
        assert frame.pixels.shape == shape and frame.drawn == fake.sides[-1] == side, output
        assert (frame.pixels[5:-5, 5:-5] == 40).all() and not frame.pixels.flags.writeable


def test_a_part_lies_where_it_lies_in_the_whole() -> None:
    ramp = np.zeros((256, 256, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(256), np.arange(256)[:, None]
    part = framed(ramp, Output((40, 80, 32, 16), 4.0))
    assert part.shape == (64, 128, 3)
    assert np.abs(part[:, :, 0].mean(0) - (40 + (np.arange(128) + 0.5) / 4 - 0.5)).max() < 0.6
    assert np.abs(part[:, :, 1].mean(1) - (80 + (np.arange(64) + 0.5) / 4 - 0.5)).max() < 0.6


def test_same_request_is_remembered(engine: Engine, fake: FakeGenerator) -> None:
    asked = request(7)
    first, again = engine.render(asked), engine.render(asked)
    assert again.pixels is first.pixels and len(fake.sides) == 1
    engine.render(request_of(7, first_mask := request(7).mask, level(1.0)))
    engine.render(request_of(7, first_mask, level(2.0)))
    assert len(fake.sides) == 3


def test_truncation_draws_towards_the_average(fake: FakeGenerator) -> None:
    with Engine("openvino-cpu", opener=lambda _: fake, average=lambda: level(1.0)) as engine:
        for truncation in (1.0, 0.5, 0.0):
            engine.render(request_of(1, np.zeros((256, 256), np.uint8), level(3.0), truncation))
    assert fake.levels == [3.0, 2.0, 1.0]


def test_fast_tier_only_where_the_full_one_is_slow(engine: Engine, fake: FakeGenerator) -> None:
    assert engine.render(request(1, fast=True)).drawn == 256
    fake.seconds = 0.03
    for revision in range(2, 12):
        engine.render(request(revision))
    frame = engine.render(request(50, region=2, fast=True))
    assert frame.drawn == 128 and frame.pixels.shape == (256, 256, 3) and (frame.pixels == 20).all()
    assert engine.render(request(51)).drawn == 256


def test_status_tells_loading_then_ready(fake: FakeGenerator) -> None:
    engine = Engine("openvino-cpu", opener=lambda _: fake)
    assert not engine.status.ready
    seen, ready = [], threading.Event()

    def note(status: object) -> None:
        seen.append(status)
        if engine.status.ready:
            ready.set()

    stop = engine.subscribe_status(note)
    engine.start()
    assert ready.wait(WAIT)
    stop()
    engine.close()
    assert [status.ready for status in seen] == [False, True]
    assert seen[-1].device == "openvino-cpu" and "processor" in seen[-1].message


def test_missing_model_is_said_to_everybody(tmp_path: Path) -> None:
    answers = Answers()
    with Engine("openvino-cpu") as engine:
        engine.submit(request(1), answers.on_frame, answers.on_error)
        engine.run(Thumbnails([STYLE], request(1)), answers.on_progress, answers.on_done, answers.on_error)
        answers.wait(lambda: len(answers.errors) == 2)
        with pytest.raises(ModelError):
            engine.render(request(2))
        assert engine.status.failed and "missing" in engine.status.message
    assert all(isinstance(error, ModelError) and "missing" in str(error) for error in answers.errors)


def test_unknown_error_is_readable_and_logged(
    engine: Engine, fake: FakeGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    fake.failure = ZeroDivisionError("seven by zero")
    with pytest.raises(EngineError, match=r"could not be drawn .*seven by zero"):
        engine.render(request(1))
    assert "ZeroDivisionError" in caplog.text
    fake.failure = None
    assert engine.render(request(1)).revision == 1


def test_failing_callback_does_not_stop_the_lane(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    answers = Answers()

    def broken(_: object) -> None:
        raise ValueError("broken window")

    engine.submit(request(1), broken, answers.on_error)
    assert engine.render(request(2)).revision == 2
    assert "broken window" in caplog.text and not answers.errors


def test_failing_graphics_card_is_replaced_by_the_processor() -> None:
    card, processor = FakeGenerator("cuda"), FakeGenerator("openvino-cpu")
    card.failure = DeviceError("The graphics card has run out of memory.")
    seen = []
    engine = Engine("cuda", opener=lambda device: card if device == "cuda" else processor)
    engine.subscribe_status(seen.append)
    with engine:
        frame = engine.render(request(1))
        assert frame.device == "openvino-cpu" and card.closed
        assert engine.render(request(2)).device == "openvino-cpu"
    assert "out of memory" in seen[-1].message and seen[-1].ready and seen[-1].device == "openvino-cpu"
    assert processor.closed


def test_no_device_left_is_said() -> None:
    def opener(device: str) -> FakeGenerator:
        if device != "cuda":
            raise EngineError("No processor either.")
        card = FakeGenerator("cuda")
        card.failure = DeviceError("The graphics card is gone.")
        return card

    with Engine("cuda", opener=opener) as engine:
        for revision in (1, 2):
            with pytest.raises(EngineError, match="No processor either"):
                engine.render(request(revision))
        assert engine.status.failed


def test_close_while_drawing_is_silent_and_ends_the_threads(
    fake: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "_JOIN_SECONDS", WAIT)
    answers = Answers()
    engine = Engine("openvino-cpu", opener=lambda _: fake)
    fake.go_on.clear()
    engine.submit(request(1), answers.on_frame, answers.on_error)
    assert fake.started.wait(WAIT)
    engine.submit(request(2), answers.on_frame, answers.on_error)
    # The drawing ends while the engine is closing: closing is what ends the job.
    job = engine.run(Endless(), lambda *_: None, answers.on_done, answers.on_error)
    closing = threading.Thread(target=lambda: (job.wait(WAIT), fake.go_on.set()))
    closing.start()
    engine.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("engine-")]
    closing.join()
    assert not answers.frames and not answers.errors and fake.closed
    with pytest.raises(EngineError, match="closed"):
        engine.render(request(3))
    engine.submit(request(4), answers.on_frame, answers.on_error)
    engine.close()
    assert len(fake.sides) == 1


def test_close_does_not_wait_for_a_drawing_without_end(fake: FakeGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert core._JOIN_SECONDS < 2, "closing is promised to take two seconds at most"
    monkeypatch.setattr(core, "_JOIN_SECONDS", 0.01)
    answers = Answers()
    engine = Engine("openvino-cpu", opener=lambda _: fake)
    fake.go_on.clear()
    engine.submit(request(1), answers.on_frame, answers.on_error)
    assert fake.started.wait(WAIT)
    engine.close()
    assert not fake.sides, "the drawing is still under way"
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("engine-")]
    fake.go_on.set()
    for thread in threads:
        thread.join(WAIT)
    assert fake.closed and not answers.frames and not answers.errors


def test_close_before_start() -> None:
    engine = Engine("openvino-cpu", opener=lambda _: FakeGenerator())
    engine.close()
    engine.start()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("engine-")]


def test_thumbnails(engine: Engine) -> None:
    answers = Answers()
    shown = request(1, region=5)
    engine.run(Thumbnails([level(i) for i in range(3)], shown), answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.results)
    (small,) = answers.results
    assert [picture.shape for picture in small] == [(96, 96, 3)] * 3 and (small[0] == 50).all()
    shares = [share for share, _ in answers.progress]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert answers.threads == {"engine-jobs"}


def test_pen_goes_before_background_work(engine: Engine, fake: FakeGenerator) -> None:
    answers = Answers()
    fake.go_on.clear()
    job = Thumbnails([level(i) for i in range(40)], request(1))
    engine.run(job, answers.on_progress, answers.on_done, answers.on_error)
    assert fake.started.wait(WAIT)
    engine.submit(request(2), answers.on_frame, answers.on_error)
    end = time.monotonic() + WAIT
    while not engine._gate._interactive and time.monotonic() < end:  # until the frame waits at the device's door
        time.sleep(0.001)
    fake.go_on.set()
    answers.wait(lambda: answers.frames)
    assert fake.threads[:2] == ["engine-jobs", "engine-frames"], "the picture under way is finished, then comes the pen"


@dataclass(frozen=True, eq=False)
class Quick:
    """Ends at once."""

    name: str = ""

    def run(self, context: JobContext) -> str:
        return self.name


def test_cancel_running_job(engine: Engine) -> None:
    answers = Answers()
    ticket = engine.run(Endless(), answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.progress)
    assert not ticket.finished
    ticket.cancel()
    answers.wait(lambda: answers.errors)
    assert isinstance(answers.errors[0], Cancelled) and ticket.finished and not answers.results


def test_waiting_job_is_replaced_by_its_own_kind_only(engine: Engine) -> None:
    running, answers = Answers(), Answers()
    ticket = engine.run(Endless(), running.on_progress, running.on_done, running.on_error)
    running.wait(lambda: running.progress)
    tickets = {
        job.name: engine.run(job, answers.on_progress, answers.on_done, answers.on_error)
        for job in (Quick("first"), Endless("other"), Quick("second"))
    }
    assert len(answers.errors) == 1 and isinstance(answers.errors[0], Cancelled) and tickets["first"].finished
    tickets["other"].cancel()
    ticket.cancel()
    answers.wait(lambda: answers.results)
    assert answers.results == ["second"]


def test_job_error_is_readable_and_logged(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def run(self, context: JobContext) -> None:
            raise KeyError("left out")

    answers = Answers()
    engine.run(Broken(), answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.errors)
    assert isinstance(answers.errors[0], EngineError) and "left out" in str(answers.errors[0])
    assert "KeyError" in caplog.text


def test_close_stops_a_running_job(fake: FakeGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "_JOIN_SECONDS", WAIT)
    answers = Answers()
    engine = Engine("openvino-cpu", opener=lambda _: fake)
    ticket = engine.run(Endless(), answers.on_progress, answers.on_done, answers.on_error)
    waiting = engine.run(Quick(), answers.on_progress, answers.on_done, answers.on_error)
    answers.wait(lambda: answers.progress)
    engine.close()
    assert ticket.finished and waiting.finished  # the first would never have ended by itself
    assert not answers.errors and not answers.results
    assert engine.run(Quick(), answers.on_progress, answers.on_done, answers.on_error).finished


def test_real_generator_through_the_engine(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    mask = tiny.face_mask()
    with Engine() as engine:
        frame = engine.render(request_of(1, mask, tiny.random_style()))
        other = engine.render(request_of(2, mask, tiny.random_style(), truncation=0.5))
    assert frame.pixels.std() > 10 and frame.device in ("openvino-cpu", "torch-cpu", "cuda")
    assert (frame.pixels != other.pixels).any()


@dataclass(frozen=True, eq=False)
class LongWork:
    """Goes on until it is stopped; notes when it gets past a check, and shows a picture."""

    passed: threading.Semaphore
    long = True

    def run(self, context: JobContext) -> None:
        context.preview(np.full((4, 4, 3), 9, np.uint8))
        while True:
            context.ticket.check()
            self.passed.release()
            context.progress(0.5, "half")
            time.sleep(0.002)


@dataclass(frozen=True, eq=False)
class ShortWork:
    """Waits for a signal."""

    begun: threading.Event
    go_on: threading.Event

    def run(self, context: JobContext) -> str:
        self.begun.set()
        assert self.go_on.wait(WAIT)
        return "read"


class NotingEvent(threading.Event):
    """Counts how often somebody waited for it in vain."""

    refused = 0

    def wait(self, timeout: float | None = None) -> bool:
        done = super().wait(timeout)
        self.refused += not done
        return done

    def wait_for_refusals(self, count: int) -> None:
        end = time.monotonic() + WAIT
        while self.refused < count and time.monotonic() < end:
            time.sleep(0.01)
        assert self.refused >= count


def test_long_work_gives_way_to_short_work(engine: Engine) -> None:
    idle = engine._jobs._short_idle = NotingEvent()
    idle.set()
    long, short = Answers(), Answers()
    passed, begun, go_on = threading.Semaphore(0), threading.Event(), threading.Event()
    handle = engine.run(LongWork(passed), long.on_progress, long.on_done, long.on_error)
    assert passed.acquire(timeout=WAIT)
    quick = engine.run(ShortWork(begun, go_on), short.on_progress, short.on_done, short.on_error)
    assert begun.wait(WAIT), "a short job begins while the long one runs"
    idle.wait_for_refusals(1)  # what had passed its check has gone on to the next one
    while passed.acquire(blocking=False):
        pass
    idle.wait_for_refusals(4)
    assert not passed.acquire(blocking=False), "the long one pauses"
    go_on.set()
    assert quick.wait(WAIT) and quick.result == "read" and quick.error is None
    assert passed.acquire(timeout=WAIT), "and goes on afterwards"
    assert not handle.finished and handle.progress == (0.5, "half")
    assert handle.preview is not None and (handle.preview == 9).all() and not handle.preview.flags.writeable
    handle.cancel()
    assert handle.wait(WAIT) and isinstance(handle.error, Cancelled) and handle.result is None


@dataclass(frozen=True, eq=False)
class Preview:
    """Needs no generator and takes a moment."""

    quick = True

    def run(self, context: JobContext) -> str:
        return "seen"


def test_quick_work_waits_for_no_other(engine: Engine) -> None:
    slow, quick = Answers(), Answers()
    begun, go_on = threading.Event(), threading.Event()
    reading = engine.run(ShortWork(begun, go_on), slow.on_progress, slow.on_done, slow.on_error)
    assert begun.wait(WAIT)
    preview = engine.run(Preview(), quick.on_progress, quick.on_done, quick.on_error)
    assert preview.wait(WAIT) and preview.result == "seen" and not reading.finished
    assert quick.threads == {"engine-quick-jobs"}
    go_on.set()
    assert reading.wait(WAIT) and reading.result == "read"


def test_quick_work_does_not_wait_for_the_generator(fake: FakeGenerator) -> None:
    answers, opened = Answers(), threading.Event()

    def open_slowly(device: str) -> FakeGenerator:
        assert opened.wait(WAIT)
        return fake

    with Engine("openvino-cpu", opener=open_slowly) as engine:
        preview = engine.run(Preview(), answers.on_progress, answers.on_done, answers.on_error)
        done = preview.wait(WAIT)
        opened.set()
        assert done and preview.result == "seen"


def test_paused_long_work_can_be_stopped_and_the_engine_closed(fake: FakeGenerator) -> None:
    long, short = Answers(), Answers()
    passed, begun, go_on = threading.Semaphore(0), threading.Event(), threading.Event()
    with Engine("openvino-cpu", opener=lambda _: fake) as engine:
        handle = engine.run(LongWork(passed), long.on_progress, long.on_done, long.on_error)
        assert passed.acquire(timeout=WAIT)
        engine.run(ShortWork(begun, go_on), short.on_progress, short.on_done, short.on_error)
        assert begun.wait(WAIT)
        handle.cancel()
        assert handle.wait(WAIT), "it need not wait for the short one"
        go_on.set()
        short.wait(lambda: short.results)
        again = engine.run(LongWork(passed), long.on_progress, long.on_done, long.on_error)
        assert passed.acquire(timeout=WAIT)
    assert again.wait(WAIT) and isinstance(again.error, Cancelled)


def test_previews_are_called_back(engine: Engine) -> None:
    answers, seen = Answers(), threading.Event()
    job = LongWork(threading.Semaphore(0))
    handle = engine.run(job, answers.on_progress, answers.on_done, answers.on_error, lambda pixels: seen.set())
    assert seen.wait(WAIT)
    handle.cancel()
    assert handle.wait(WAIT)
