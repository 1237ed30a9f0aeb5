"""A generator that costs no network: slow on purpose, and failing on order."""

import threading
import time
from dataclasses import dataclass

import numpy as np

from faceeditor.engine import JobContext
from faceeditor.errors import FaceEditorError
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray
from tests.patience import WAIT


class FakeGenerator:
    """Draws the mask's first region as a grey; counts what it was asked.

    While `go_on` is cleared a drawing stays under way; `started` tells that one has begun, `threads` on which thread.
    """

    def __init__(self, device: str = "openvino-cpu", seconds: float = 0.0, milliseconds: float = 10.0) -> None:
        self.device = device
        self.seconds = seconds
        self.milliseconds = milliseconds
        self.sides: list[int] = []
        self.levels: list[float] = []
        self.threads: list[str] = []
        self.maps: list[np.ndarray | None] = []
        self.failure: Exception | None = None
        self.closed = False
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def render(
        self,
        mask: MaskArray,
        style: StyleCode,
        size: int = 256,
        maps: np.ndarray | None = None,
        hair: np.ndarray | None = None,
    ) -> np.ndarray:
        self.hair = hair
        self.threads.append(threading.current_thread().name)
        self.started.set()
        assert self.go_on.wait(WAIT)
        time.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        self.sides.append(size)
        self.maps.append(maps)
        self.levels.append(float(style.overall[0]))
        return np.full((size, size, 3), int(mask[0, 0]) * 10, np.uint8)

    def encode(self, photo: np.ndarray, mask: MaskArray, label: str = "") -> StyleCode:
        return StyleCode.zeros(label)

    def measure(self, runs: int = 3) -> float:
        return self.milliseconds

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, eq=False)
class Endless:
    """Runs until it is stopped."""

    name: str = ""

    def run(self, context: JobContext) -> str:
        context.progress(0.0, "begun")
        while True:
            context.ticket.check()
            time.sleep(0.01)


class Answers:
    """Collects what the engine calls back; `wait` waits for a number of answers."""

    def __init__(self) -> None:
        self.frames: list = []
        self.errors: list[FaceEditorError] = []
        self.progress: list[tuple[float, str]] = []
        self.results: list = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def _add(self, place: list, value: object) -> None:
        with self._changed:
            place.append(value)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def on_frame(self, frame: object) -> None:
        self._add(self.frames, frame)

    def on_error(self, error: FaceEditorError) -> None:
        self._add(self.errors, error)

    def on_progress(self, share: float, text: str) -> None:
        self._add(self.progress, (share, text))

    def on_done(self, result: object) -> None:
        self._add(self.results, result)

    def wait(self, condition: object, seconds: float = WAIT) -> None:
        """Wait until condition() holds; fail the test otherwise."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), vars(self)  # type: ignore[arg-type]
