"""The two lanes: one-slot mailboxes, job handles, and the gate that lets the pen go first."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from faceeditor.engine.requests import Frame, RenderRequest
from faceeditor.errors import Cancelled, FaceEditorError

Item = TypeVar("Item")


class JobHandle:
    """Handle of a background job: its owner cancels with it and reads how far the job is; the job asks it.

    Cancelling is cooperative: the job ends at its next check with a `Cancelled` error.

    Attributes:
        progress: share done 0..1, and a short text.
        preview: the latest intermediate picture (H, W, 3) uint8, read-only, or None.
        result: what the job returned; None until it has ended well.
        error: why it ended otherwise, a `Cancelled` if it was stopped or replaced; else None.
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._finished = threading.Event()
        self.progress: tuple[float, str] = (0.0, "")
        self.preview: npt.NDArray[np.uint8] | None = None
        self.result: Any = None
        self.error: FaceEditorError | None = None
        self.wait_before_check: Callable[[JobHandle], None] | None = None
        """Called at every check: long work waits there while it has to give way (the engine sets it)."""

    def cancel(self) -> None:
        """Ask the job to stop."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._cancelled.is_set()

    @property
    def finished(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self._finished.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the job (seconds); False if it is still running."""
        return self._finished.wait(timeout)

    def check(self) -> None:
        """Give way to more urgent work, and raise `Cancelled` if a stop was asked for. Call it holding no lock."""
        if self.wait_before_check is not None:
            self.wait_before_check(self)
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` if a stop was asked for."""
        if self.cancelled:
            raise Cancelled("Stopped.")

    def finish(self, result: Any = None, error: FaceEditorError | None = None) -> None:
        """Note that the job has ended, and how (the engine calls it)."""
        self.result, self.error = result, error
        self._finished.set()


@dataclass(frozen=True, eq=False)
class PendingRequest:
    """A request on its way, with whom to answer; `waited_for`: somebody blocks until it is answered."""

    request: RenderRequest
    on_frame: Callable[[Frame], None]
    on_error: Callable[[FaceEditorError], None]
    waited_for: bool = False
    submitted: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, eq=False)
class PendingJob:
    """A background job on its way."""

    job: Any
    handle: JobHandle
    on_progress: Callable[[float, str], None]
    on_done: Callable[[Any], None]
    on_error: Callable[[FaceEditorError], None]
    on_preview: Callable[[npt.NDArray[np.uint8]], None]


class _Mailbox(Generic[Item]):
    """What both mailboxes share: a condition, and an end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._closed = False

    def _next(self) -> Item | None:
        """Take the next item out; None if there is none. Called with the lock held."""
        raise NotImplementedError

    def take(self) -> Item | None:
        """Wait for the next item; None once the mailbox is closed."""
        with self._changed:
            while not self._closed:
                item = self._next()
                if item is not None:
                    return item
                self._changed.wait()
            return None

    def close(self) -> list[Item]:
        """End every wait; returns what had not begun."""
        with self._changed:
            self._closed = True
            left = []
            while (item := self._next()) is not None:
                left.append(item)
            self._changed.notify_all()
        return left


class InteractiveMailbox(_Mailbox[PendingRequest]):
    """One slot: a newer pending replaces the one that waits. Errands that somebody blocks on are kept in order."""

    def __init__(self) -> None:
        super().__init__()
        self._slot: PendingRequest | None = None
        self._kept: deque[PendingRequest] = deque()

    def put(self, pending: PendingRequest, keep: bool = False) -> bool:
        """Leave an pending; False if the mailbox is closed.

        Args:
            pending: what to draw.
            keep: never replace this one.
        """
        with self._changed:
            if self._closed:
                return False
            if keep:
                self._kept.append(pending)
            else:
                self._slot = pending
            self._changed.notify()
        return True

    def _next(self) -> PendingRequest | None:
        if self._slot is not None:
            pending, self._slot = self._slot, None
            return pending
        return self._kept.popleft() if self._kept else None


class JobMailbox(_Mailbox[PendingJob]):
    """One slot for each kind of job: new thumbnails replace waiting thumbnails, but never a waiting photograph."""

    def __init__(self) -> None:
        super().__init__()
        self._slots: OrderedDict[type, PendingJob] = OrderedDict()

    def put(self, pending: PendingJob) -> tuple[bool, PendingJob | None]:
        """Leave a job; returns whether it was taken, and the waiting job of the same kind that it replaces."""
        kind = type(pending.job)
        with self._changed:
            if self._closed:
                return False, None
            replaced = self._slots.pop(kind, None)
            self._slots[kind] = pending
            self._changed.notify()
        return True, replaced

    def _next(self) -> PendingJob | None:
        return self._slots.popitem(last=False)[1] if self._slots else None


class Gate:
    """Lets one thread at the device at a time; a waiting interactive frame goes before any background one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._interactive = 0

    @contextmanager
    def interactive(self) -> Iterator[None]:
        """Hold the device for a frame that the user waits for."""
        with self._changed:
            self._interactive += 1
            while self._busy:
                self._changed.wait()
            self._interactive -= 1
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def background(self) -> Iterator[None]:
        """Hold the device for one short step of background work."""
        with self._changed:
            while self._busy or self._interactive:
                self._changed.wait()
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
