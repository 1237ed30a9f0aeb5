"""The engine itself: two worker threads around one generator."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import faceeditor.leaving  # noqa: F401 - registers what happens to the threads at the end of the process
from faceeditor.engine.background import BackgroundLanes
from faceeditor.engine.devices import (
    DEVICE_NAMES,
    Choice,
    Generator,
    OpenGenerator,
    WarmsUp,
    open_device,
    open_mask_guided,
)
from faceeditor.engine.head_stage import HeadStage
from faceeditor.engine.jobs import Job, JobContext, Maps, Pixels
from faceeditor.engine.lanes import Gate, InteractiveMailbox, JobHandle, PendingRequest
from faceeditor.engine.pipeline import Pipeline, Run
from faceeditor.engine.requests import FAST, EngineStatus, Frame, RenderRequest
from faceeditor.engine.stages import DEVICE_STAGES, READERS, STAGES, DrawnRequest, average_style
from faceeditor.engine.tiers import Tiers, tier
from faceeditor.errors import EngineError, FaceEditorError
from faceeditor.generators.devices import DeviceError
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray

_log = logging.getLogger(__name__)

_JOIN_SECONDS = 1.6
_UNFINISHED = "The work could not be finished"
_CLOSED = "The engine has been closed; start Face Editor again."

OnFrame = Callable[[Frame], None]
OnError = Callable[[FaceEditorError], None]


class Engine:
    """Turns requests into frames.

    Every callback is called on one of the engine's threads. None is called once `close` has returned.

    Args:
        device: "auto", "cuda", "openvino-cpu" or "torch-cpu".
        opener: opens a generator on a named device (tests pass a stand-in).
        average: gives the average style for truncation.
        heads: moves masks and draws maps (tests pass one with stand-in tools). By default the program's own, which an
            engine around another generator does not load ahead.
    """

    def __init__(
        self,
        device: str = "auto",
        opener: OpenGenerator = open_mask_guided,
        average: Callable[[], StyleCode] = average_style,
        heads: HeadStage | None = None,
    ) -> None:
        self._wanted = device
        self._opener = opener
        self._tiers = Tiers()
        self._heads = heads if heads is not None else HeadStage()
        self._pipeline = Pipeline(STAGES, READERS, _Resources(self._heads, self._run_generator, average))
        # A stand-in for the generator is not helped by a head that is loaded ahead.
        self._warm = heads is None and opener is not open_mask_guided
        self._requests = InteractiveMailbox()
        self._jobs = BackgroundLanes(
            self._job_context, self._call, self._wait_for_generator, lambda error: _readable(error, _UNFINISHED)
        )
        self._gate = Gate()
        self._lock = threading.RLock()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._opened = threading.Event()
        self._generator: Generator | None = None
        self._failure: FaceEditorError | None = None
        self._status = EngineStatus(message="The engine has not been started.")
        self._subscribers: list[Callable[[EngineStatus], None]] = []

    # ---- life

    def start(self) -> None:
        """Start the worker threads; returns at once. A second call does nothing."""
        with self._lock:
            if self._threads or self._closing.is_set():
                return
            self._threads.append(threading.Thread(target=self._draw_requests, name="engine-frames", daemon=True))
            self._threads += self._jobs.threads()
            for thread in self._threads:
                thread.start()

    def close(self) -> None:
        """Stop all work and join the threads, within two seconds; a job or frame under way is not delivered."""
        self._closing.set()
        self._requests.close()
        self._jobs.close()
        with self._lock:
            threads = list(self._threads)
        self._opened.set()
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
                if thread.is_alive():
                    _log.warning("the thread %s is still busy and is left to end by itself", thread.name)
        self._heads.close()
        with self._lock:
            self._subscribers.clear()

    def __enter__(self) -> "Engine":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- status

    @property
    def status(self) -> EngineStatus:
        """Where the engine stands now."""
        return replace(self._status, cache=self._pipeline.cache.info)

    def subscribe_status(self, callback: Callable[[EngineStatus], None]) -> Callable[[], None]:
        """Call back at every change of status; returns a function that ends it."""
        with self._lock:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def _say(self, message: str, ready: bool = False, failed: bool = False) -> None:
        with self._lock:
            device = self._generator.device if self._generator is not None else ""
            self._status = EngineStatus(device, ready, message, failed, self._tiers.full_ms)
            subscribers = list(self._subscribers)
        for callback in subscribers:
            self._call(callback, self.status)

    def _call(self, callback: Callable[..., None], *values: object) -> None:
        """Call back unless the engine is closing; a callback's own error is logged and does not stop the lane."""
        if self._closing.is_set():
            return
        try:
            callback(*values)
        except Exception:
            _log.exception("a callback of the engine failed")

    # ---- interactive lane

    def submit(self, request: RenderRequest, on_frame: OnFrame, on_error: OnError) -> None:
        """Ask for a frame. A request that has not begun is replaced by this one and never answered."""
        self.start()
        self._requests.put(PendingRequest(request, on_frame, on_error))

    def render(self, request: RenderRequest) -> Frame:
        """Draw a frame and wait for it: never replaced by another request.

        Raises:
            FaceEditorError: as `submit` reports it.
        """
        if self._closing.is_set():
            raise EngineError(_CLOSED)
        if threading.current_thread() in self._threads:
            raise RuntimeError("Engine.render waits for the engine's own thread; use submit inside of a callback")
        self.start()
        answer: list[Frame | FaceEditorError] = []
        done = threading.Event()

        def take(value: Frame | FaceEditorError) -> None:
            answer.append(value)
            done.set()

        if not self._requests.put(PendingRequest(request, take, take, waited_for=True), keep=True):
            raise EngineError(_CLOSED)
        while not done.wait(0.2):
            if self._closing.is_set():
                raise EngineError(_CLOSED)
        if isinstance(answer[0], FaceEditorError):
            raise answer[0]
        return answer[0]

    def _draw_requests(self) -> None:
        self._open_generator()
        while (pending := self._requests.take()) is not None:
            try:
                frame = self._draw(pending)
            except Exception as error:
                self._call(pending.on_error, _readable(error, "The face could not be drawn"))
            else:
                self._call(pending.on_frame, frame)
                if not pending.waited_for:
                    self._warm_up()
        with self._gate.interactive(), self._lock:
            generator, self._generator = self._generator, None
        if generator is not None:
            generator.close()

    def _open_generator(self) -> None:
        self._say("Loading the generator …")
        try:
            self._use(open_device(self._wanted, self._opener))
        except Exception as error:
            self._failure = _readable(error, "The engine could not be started")
            self._say(str(self._failure), failed=True)
        else:
            self._say_ready()
        finally:
            self._opened.set()

    def _use(self, choice: Choice) -> None:
        self._tiers.reset(choice.milliseconds)
        self._pipeline.cache.clear(DEVICE_STAGES)
        with self._lock:
            self._generator = choice.generator

    def _say_ready(self, remark: str = "") -> None:
        assert self._generator is not None
        device = self._generator.device
        self._say(f"{remark} Faces are drawn by the {DEVICE_NAMES.get(device, device)}.".strip(), ready=True)

    def _warm_up(self) -> None:
        """Load the head on the background lane, once, as soon as the first face is on the screen."""
        if not self._warm:
            self._warm = True
            self._jobs.run(_WarmUp(self._heads, self._warm_fast_tier), _ignore, _ignore, _ignore, _ignore)

    def _warm_fast_tier(self) -> None:
        """Prepare the fast tier if moving heads will need it: its first frame would be a slider's first move."""
        with self._lock:
            generator = self._generator
        if self._tiers.fast_likely and isinstance(generator, WarmsUp):
            generator.warm_up(FAST)

    def _draw(self, pending: PendingRequest) -> Frame:
        begun = time.perf_counter()
        with self._gate.interactive():
            run = Run(self._pipeline, DrawnRequest(pending.request, self._tiers.side(pending.request)))
            start = time.perf_counter()
            self._heads.prepare(run)
            head_ms = (time.perf_counter() - start) * 1e3
            if pending.request.head is not None:
                self._tiers.note_head(head_ms)
            frame = self._frame(run, head_ms)
            if "drawn" in run.milliseconds:
                self._tiers.note(frame.drawn, run.milliseconds["drawn"])
        frame.timings["wait"] = (begun - pending.submitted) * 1e3
        frame.timings["total"] = (time.perf_counter() - pending.submitted) * 1e3
        return frame

    def _frame(self, run: Run, head_ms: float) -> Frame:
        """The frame of a request whose head is prepared. Called behind the gate."""
        request, side = run.request.request, run.request.side
        pixels, picture = run["output"], run["head picture"]
        device = self._generator.device if self._generator is not None else ""
        timings = {"head": head_ms, "network": run.milliseconds.get("drawn", 0.0)}
        head, mask, comb = request.face.shown_head, run["outlines"], run["moved comb"]
        return Frame(request.revision, pixels, device, timings, side, mask, head, picture, comb)

    def _run_generator(
        self, mask: MaskArray, style: StyleCode, side: int, maps: Maps | None, hair: Maps | None
    ) -> Pixels:
        """Draw on the device, on the next one if it fails. Called behind the gate."""
        try:
            return _drawn(self._ready_generator(), mask, style, side, maps, hair)
        except DeviceError as error:
            self._fall_back(error)
            return _drawn(self._ready_generator(), mask, style, side, maps, hair)

    def _ready_generator(self) -> Generator:
        if self._failure is not None:
            raise self._failure
        if self._generator is None:
            raise EngineError(_CLOSED)
        return self._generator

    def _fall_back(self, error: DeviceError) -> None:
        """Go on with the processor after the graphics card has failed; EngineError if that fails too."""
        _log.warning("%s; going on with the processor", error, exc_info=error)
        with self._lock:
            failed, self._generator = self._generator, None
        if failed is not None:
            try:
                failed.close()
            except Exception:
                _log.exception("the failed device could not be given back")
        self._say(f"{error} Going on with the processor …")
        try:
            self._use(open_device("auto", self._opener, graphics_card=False))
        except FaceEditorError as failure:
            self._failure = failure
            self._say(str(failure), failed=True)
            raise
        self._say_ready(str(error))

    # ---- background lane

    def run(
        self,
        job: Job,
        on_progress: Callable[[float, str], None],
        on_done: Callable[[Any], None],
        on_error: OnError,
        on_preview: Callable[[Pixels], None] = lambda pixels: None,
    ) -> JobHandle:
        """Start a background job.

        One quick, one short and one long job run at a time; the long one pauses while a short one runs. A waiting job
        is replaced by a newer one of its kind, and one that was replaced or cancelled ends with a `Cancelled` error.

        Args:
            job: what to do.
            on_progress: called with the share done (0..1) and a short text.
            on_done: called with the job's result.
            on_error: called with a FaceEditorError instead.
            on_preview: called with intermediate pictures (H, W, 3) uint8, read-only.

        Returns:
            the job's handle, which holds all of that, too.
        """
        self.start()
        return self._jobs.run(job, on_progress, on_done, on_error, on_preview)

    def _wait_for_generator(self, handle: JobHandle) -> None:
        while not self._opened.wait(0.1):
            handle.raise_if_cancelled()
        handle.raise_if_cancelled()

    def _job_context(
        self, handle: JobHandle, progress: Callable[[float, str], None], preview: Callable[[Pixels], None]
    ) -> JobContext:
        def encode(photo: Pixels, mask: MaskArray, label: str) -> StyleCode:
            # Not behind the gate: the encoder is another network, and the pen need not wait for it.
            handle.check()
            return self._ready_generator().encode(photo, mask, label)

        def frame(request: RenderRequest) -> Frame:
            # Two short steps, so that the pen waits for one of them at most. Pixels for a file are not remembered.
            handle.check()
            run = Run(self._pipeline, DrawnRequest(request, tier(request.output)), for_job=True)
            start = time.perf_counter()
            with self._gate.background():
                self._heads.prepare(run)
            between = time.perf_counter()
            handle.check()
            with self._gate.background():
                handle.raise_if_cancelled()
                made = self._frame(run, (between - start) * 1e3)
            made.timings.update(wait=0.0, total=(time.perf_counter() - start) * 1e3)
            return made

        def maps(head: HeadCoefficients) -> Maps:
            with self._gate.background():
                return self._heads.tools.maps(head)

        def head_picture(head: HeadCoefficients) -> Pixels:
            with self._gate.background():
                return self._heads.tools.picture(head)

        return JobContext(handle, progress, encode, frame, maps, head_picture, preview)


def _ignore(*_: object) -> None:
    """A callback for work that nobody follows."""


@dataclass(frozen=True, eq=False)
class _Resources:
    """What the stages work with (`stages.Resources`)."""

    heads: HeadStage
    run_generator: Callable[[MaskArray, StyleCode, int, Maps | None, Maps | None], Pixels]
    average: Callable[[], StyleCode]

    def move(self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
        return self.heads.tools.move(mask, base, head)

    def look_up_points(self, source: HeadCoefficients, target: HeadCoefficients, mask: MaskArray, points: Maps) -> Maps:
        return self.heads.tools.look_up_points(source, target, mask, points)

    def maps(self, head: HeadCoefficients) -> Maps:
        return self.heads.tools.maps(head)

    def picture(self, head: HeadCoefficients) -> Pixels:
        return self.heads.tools.picture(head)

    def draw(self, mask: MaskArray, style: StyleCode, side: int, maps: Maps | None, hair: Maps | None) -> Pixels:
        return self.run_generator(mask, style, side, maps, hair)

    @cached_property
    def _mean(self) -> StyleCode:
        return self.average()

    def mean_style(self) -> StyleCode:
        return self._mean


@dataclass(frozen=True, eq=False)
class _WarmUp:
    """Loads what sliders need before they are touched. Not behind the gate: the pen need not wait for it."""

    heads: HeadStage
    fast_tier: Callable[[], None]

    def run(self, context: JobContext) -> None:
        try:
            self.heads.warm_up(context.ticket.check)
            context.ticket.check()
            self.fast_tier()
        except FaceEditorError as error:
            _log.info("no head to load: %s", error)  # a request that needs it will say so


def _drawn(
    generator: Generator, mask: MaskArray, style: StyleCode, side: int, maps: Maps | None, hair: Maps | None
) -> Pixels:
    guides = {} if hair is None else {"hair": hair}
    return generator.render(mask, style, side, maps, **guides)


def _readable(error: Exception, what: str) -> FaceEditorError:
    """An error as the user may read it; unexpected ones are logged with their traceback."""
    if isinstance(error, FaceEditorError):
        return error
    _log.error("%s", what, exc_info=error)
    if isinstance(error, MemoryError):
        return EngineError(f"{what}: there is not enough memory; close other programs and start Face Editor again.")
    detail = str(error).strip().splitlines()
    reason = detail[0] if detail else type(error).__name__
    return EngineError(f"{what} ({reason}); the log file holds the details.")
