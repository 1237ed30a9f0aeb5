"""The part of a request that belongs to its head: the moved mask, the maps and the light.

The head model, numba and its machine code are loaded at the first need, or earlier by `HeadStage.warm_up`: a portrait
without a head never waits for them.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from faceeditor.engine.compiling import compile_head
from faceeditor.engine.helper_thread import HelperThread, Task
from faceeditor.engine.pipeline import Run
from faceeditor.engine.requests import RenderRequest
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import moves_mask
from faceeditor.regions import MASK_SIZE, MaskArray

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

MAPS_SIDE = 128
"""Side of the maps that the generator takes."""


class HeadTools(Protocol):
    """What the stage needs of the head's room. Each is called by one thread at a time, but two may run at once."""

    def move(self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
        """The mask (256, 256) uint8 carried along from the base to the head."""

    def look_up_points(
        self, source: HeadCoefficients, target: HeadCoefficients, mask: MaskArray, points: FloatArray
    ) -> FloatArray:
        """Where points (N, 2) of the target's view are in the source's, whose mask is given."""

    def maps(self, head: HeadCoefficients) -> FloatArray:
        """(10, 128, 128) float32 condition maps, read-only."""

    def picture(self, head: HeadCoefficients) -> Pixels:
        """(256, 256, 3) uint8 sRGB plain rendering."""


class ModelTools:
    """The tools around the program's own head model.

    Raises:
        ModelError: the head model is missing, damaged or of another version.
    """

    def __init__(self) -> None:
        from faceeditor.head.maps import MapRenderer
        from faceeditor.head.model import HeadModel

        self._model = HeadModel.load()
        self._maps = MapRenderer(self._model, MAPS_SIDE)

    def move(self, mask: MaskArray, base: HeadCoefficients, head: HeadCoefficients) -> MaskArray:
        """As of `HeadTools`."""
        from faceeditor.head.motion import move_mask

        return move_mask(self._model, mask, base, head)

    def look_up_points(
        self, source: HeadCoefficients, target: HeadCoefficients, mask: MaskArray, points: FloatArray
    ) -> FloatArray:
        """As of `HeadTools`."""
        from faceeditor.head.motion import look_up_points

        return look_up_points(self._model, source, target, mask, points)

    def maps(self, head: HeadCoefficients) -> FloatArray:
        """As of `HeadTools`."""
        return self._maps.render(head).condition

    def picture(self, head: HeadCoefficients) -> Pixels:
        """As of `HeadTools`."""
        from faceeditor.head.render import render_head

        return render_head(self._model, head, MASK_SIZE)


class HeadStage:
    """Owns the tools of the head and the thread on which maps are drawn while a mask is moved.

    Args:
        tools: opens the head's tools at the first need (tests pass a stand-in).
    """

    def __init__(self, tools: Callable[[], HeadTools] = ModelTools) -> None:
        self._open = tools
        self._tools: HeadTools | None = None
        self._lock = threading.Lock()
        self._helper = HelperThread("engine-maps")

    def close(self) -> None:
        """End the second thread; what is asked for afterwards is made on one."""
        self._helper.close()

    @property
    def tools(self) -> HeadTools:
        """The tools, opened at the first need. Raises ModelError: the head model is missing or damaged."""
        with self._lock:
            if self._tools is None:
                self._tools = self._open()
            return self._tools

    def warm_up(self, check: Callable[[], None] | None = None) -> None:
        """Load everything and run it once, with tools of its own: may be called beside the gate, on any thread.

        Args:
            check: called now and then; its exception stops the work. Where it is given, what has to be compiled first
                is compiled in another process.

        Raises:
            ModelError: as of `ModelTools`.
        """
        if check is not None and self._open is ModelTools:
            compile_head(check)
            check()
        with self._lock:
            if self._tools is not None:
                return
            tools = self._open()
            head = HeadCoefficients.neutral()
            tools.maps(head)
            mask = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
            mask[64:192, 80:176] = 1
            tools.move(mask, head, head.changed(pose=(10.0, 0.0, 0.0)))
            self._tools = tools

    def prepare(self, run: Run) -> None:
        """Make everything of a request that comes before the network; all of it is done when this returns.

        Raises:
            ModelError: the request has a head, and the head model is missing or damaged.
        """
        request: RenderRequest = run.request.request
        if request.head is None:
            run["outlines"]
            return
        self.tools  # noqa: B018 - loaded once, before two threads need it
        drawing = Task(lambda: (run["maps"], run["lit maps"]))
        if _has_to_move(request) and not run.knows("moved mask") and not (run.knows("maps") and run.knows("lit maps")):
            self._helper.start(drawing)
        try:
            run["outlines"]
        finally:
            drawing.settle()  # nothing may go on once the gate is open
        drawing.result()
        run["gain"]


def _has_to_move(request: RenderRequest) -> bool:
    base, head = request.base_head, request.head
    return request.morph is not None or moves_mask(base, head)
