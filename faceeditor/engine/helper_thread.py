"""A helper thread for work that can run in parallel, as the compiled loops of the head on a second core."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Task(Generic[Value]):
    """A piece of work that is done once, by the first thread that asks for it."""

    def __init__(self, work: Callable[[], Value]) -> None:
        self._work: Callable[[], Value] | None = work
        self._begun = threading.Lock()
        self._done = threading.Event()
        self._value: list[Value] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work unless another thread has begun it."""
        if not self._begun.acquire(blocking=False):
            return
        work, self._work = self._work, None
        assert work is not None
        try:
            self._value.append(work())
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def settle(self) -> None:
        """Return once the work is done, whatever came of it: done here if the other thread has not begun it."""
        self.run()
        self._done.wait()

    def result(self) -> Value:
        """The work's value; raises what the work raised."""
        self.settle()
        if self._error is not None:
            raise self._error
        return self._value[0]


class HelperThread:
    """A thread that runs tasks in parallel to its owner.

    A task that has not begun when its result is asked for runs on the asking thread, so that a busy machine never
    waits for a thread to be scheduled. The thread is started with the first task.
    """

    def __init__(self, name: str) -> None:
        """Args: name: of the thread."""
        self._name = name
        self._tasks: SimpleQueue[Task[Any] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self, task: Task[Any]) -> None:
        """Run a task in parallel; the caller asks for its result later."""
        with self._lock:
            if self._closed:
                return  # it runs on the thread that asks for its result
            if self._thread is None:
                self._thread = threading.Thread(target=self._go, name=self._name, daemon=True)
                self._thread.start()
            self._tasks.put(task)

    def close(self, timeout: float = 0.3) -> None:
        """End the thread after what it is doing, for which this waits for a time (seconds) at most."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._tasks.put(None)
            thread.join(timeout)

    def _go(self) -> None:
        while (task := self._tasks.get()) is not None:
            task.run()
            del task  # while it waits for the next one it must not keep this one's result alive
