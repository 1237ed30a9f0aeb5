"""Background work on three lanes: quick jobs, what somebody waits for, and long work that gives way to it.

Each lane has a thread. Long jobs (`Job.long`) pause at their next check while a short one runs, so that a long
optimisation never delays reading a head. Quick jobs (`Job.quick`) need no generator: previews of files wait for
nothing but each other.
"""

import threading
from collections.abc import Callable
from typing import Any

from faceeditor.engine.jobs import Job, JobContext, Lane, Pixels, lane_of
from faceeditor.engine.lanes import JobHandle, JobMailbox, PendingJob
from faceeditor.errors import Cancelled, FaceEditorError

OnProgress = Callable[[float, str], None]
OnError = Callable[[FaceEditorError], None]
_THREADS = {Lane.QUICK: "engine-quick-jobs", Lane.SHORT: "engine-jobs", Lane.LONG: "engine-long-jobs"}


class BackgroundLanes:
    """The threads and their mailboxes.

    Args:
        make_context: what a running job may use: (handle, progress, preview) -> context.
        call: calls back unless the engine is closing.
        ready: waits until jobs that are not quick can run; may raise `Cancelled` through the handle.
        readable: an error as the user may read it.
    """

    def __init__(
        self,
        make_context: Callable[[JobHandle, OnProgress, Callable[[Pixels], None]], JobContext],
        call: Callable[..., None],
        ready: Callable[[JobHandle], None],
        readable: Callable[[Exception], FaceEditorError],
    ) -> None:
        self._make_context, self._call, self._ready, self._readable = make_context, call, ready, readable
        self._mailboxes = {lane: JobMailbox() for lane in Lane}
        self._running: dict[Lane, JobHandle] = {}
        self._lock = threading.Lock()
        self._short_idle = threading.Event()
        self._short_idle.set()
        self._closed = False

    def threads(self) -> list[threading.Thread]:
        """The threads, not started."""
        return [
            threading.Thread(target=self._work, args=(lane,), name=name, daemon=True) for lane, name in _THREADS.items()
        ]

    def run(
        self,
        job: Job,
        on_progress: OnProgress,
        on_done: Callable[[Any], None],
        on_error: OnError,
        on_preview: Callable[[Pixels], None],
    ) -> JobHandle:
        """Put a job into its mailbox; arguments as of `Engine.run`."""
        handle = JobHandle()
        lane = lane_of(job)
        if lane is Lane.LONG:
            handle.wait_before_check = self._give_way
        pending = PendingJob(job, handle, on_progress, on_done, on_error, on_preview)
        taken, replaced = self._mailboxes[lane].put(pending)
        if not taken:
            handle.cancel()
            handle.finish(error=Cancelled("The engine has been closed."))
        if replaced is not None:
            error = Cancelled("A newer request took its place.")
            replaced.handle.finish(error=error)
            self._call(replaced.on_error, error)
        return handle

    def close(self) -> None:
        """Cancel all jobs; the threads end after what they are doing."""
        self._closed = True
        self._short_idle.set()
        for mailbox in self._mailboxes.values():
            for pending in mailbox.close():
                pending.handle.cancel()
                pending.handle.finish(error=Cancelled("The engine has been closed."))
        with self._lock:
            running = list(self._running.values())
        for handle in running:
            handle.cancel()

    def _give_way(self, handle: JobHandle) -> None:
        """Wait while a short job runs."""
        while not handle.cancelled and not self._short_idle.wait(0.05):
            pass

    def _work(self, lane: Lane) -> None:
        while (pending := self._mailboxes[lane].take()) is not None:
            handle = pending.handle
            with self._lock:
                self._running[lane] = handle
            if self._closed:
                handle.cancel()
            if lane is Lane.SHORT:
                self._short_idle.clear()
            try:
                if lane is not Lane.QUICK:
                    self._ready(handle)
                result = pending.job.run(self._context(pending))
                handle.raise_if_cancelled()
            except Exception as error:
                told = self._readable(error)
                handle.finish(error=told)
                self._call(pending.on_error, told)
            else:
                handle.finish(result)
                self._call(pending.on_done, result)
            finally:
                if lane is Lane.SHORT:
                    self._short_idle.set()
                with self._lock:
                    self._running.pop(lane, None)

    def _context(self, pending: PendingJob) -> JobContext:
        handle = pending.handle

        def progress(share: float, text: str) -> None:
            handle.progress = min(1.0, max(0.0, share)), text
            self._call(pending.on_progress, *handle.progress)

        def preview(pixels: Pixels) -> None:
            pixels.flags.writeable = False
            handle.preview = pixels
            self._call(pending.on_preview, pixels)

        return self._make_context(handle, progress, preview)
