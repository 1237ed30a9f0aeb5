"""Variations of a person drawn by the engine, outside of the window: for the command line and for workers."""

import time
from types import TracebackType
from typing import Any

from faceeditor.engine.core import Engine
from faceeditor.engine.requests import RenderRequest
from faceeditor.errors import EngineError
from faceeditor.identity.variation import FacePicture, Variation
from faceeditor.portrait.state import PortraitState


def request_of(variation: Variation, revision: int = 0) -> RenderRequest:
    """What the engine is asked for to draw a variation."""
    parts: dict[str, Any] = {"adjustments": variation.adjustments}
    if variation.head is not None:
        parts |= {"head": variation.head, "base_head": variation.base_head, "read_head": variation.read_head}
    state = PortraitState.of(variation.mask, variation.style, variation.truncation, **parts)
    return RenderRequest.of(state, revision=revision)


class EngineRenderer:
    """An engine of its own that draws variations (`identity.variation.Renderer`).

    Args:
        device: as of `Engine`.

    Raises:
        FaceEditorError: by `draw`, as of `Engine.render`.
    """

    def __init__(self, device: str = "auto") -> None:
        self._engine = Engine(device)

    def draw(self, variation: Variation) -> FacePicture:
        """The picture of a variation, 256 x 256."""
        frame = self._engine.render(request_of(variation))
        return FacePicture.of_mask(frame.pixels, frame.mask if frame.mask is not None else variation.mask)

    @property
    def device(self) -> str:
        """What draws; waits until the engine has chosen.

        Raises:
            EngineError: the engine cannot be started.
        """
        self._engine.start()
        while not (self._engine.status.ready or self._engine.status.failed):
            time.sleep(0.02)
        if self._engine.status.failed:
            raise EngineError(self._engine.status.message)
        return self._engine.status.device

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def __enter__(self) -> "EngineRenderer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
