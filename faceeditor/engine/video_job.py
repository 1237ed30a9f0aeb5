"""Background work: a sequence of requests into a video, and a quick look at one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from faceeditor.engine.jobs import JobContext, Pixels
from faceeditor.engine.requests import FINE, Output, RenderRequest
from faceeditor.errors import EngineError


@dataclass(frozen=True, eq=False)
class RenderVideo:
    """Draw every request in full and write them as a video -> the path.

    Attributes:
        path: a name that ends in .mp4 or .webp.
        requests: the frames in order (`engine.sequences`).
        fps: frames a second, 1 to 60.
        size: side of the video in pixels, 64 to 2048; an odd one is made even.

    Raises:
        EngineError: no requests.
        FaceEditorError: another ending, rate or size.
    """

    long: ClassVar[bool] = True

    path: Path | str
    requests: Sequence[RenderRequest]
    fps: float = 25
    size: int = 256

    def __post_init__(self) -> None:
        from faceeditor.export.video import check_video

        object.__setattr__(self, "path", Path(self.path))
        object.__setattr__(self, "requests", tuple(self.requests))
        if not self.requests:
            raise EngineError("A video needs at least one frame; choose more frames.")
        check_video(self.path, self.fps, self.size)

    def run(self, context: JobContext) -> Path:
        """Raises FaceEditorError: a frame cannot be drawn, or the file cannot be written (nothing is left then)."""
        from faceeditor.export.enlarging import scaled_face
        from faceeditor.export.video import write_video

        output = Output.of_side(min(self.size, FINE))

        def frames() -> Iterator[Pixels]:
            for request in self.requests:
                context.ticket.check()
                yield scaled_face(context.frame(replace(request, output=output)).pixels, self.size)

        def step(share: float, text: str) -> None:
            context.ticket.check()
            context.progress(share, text)

        path = Path(self.path)
        write_video(path, frames(), self.fps, len(self.requests), step)
        return path


@dataclass(frozen=True, eq=False)
class PreviewVideo:
    """Draw every request small, to be looked at -> how many there were.

    Attributes:
        requests: frames in order.
        size: side in pixels.
        show: called with each frame's (size, size, 3) uint8 pixels, in order, on the job's thread.
    """

    long: ClassVar[bool] = True

    requests: Sequence[RenderRequest]
    size: int
    show: Callable[[Pixels], None]

    def run(self, context: JobContext) -> int:
        """Raises FaceEditorError: a frame cannot be drawn."""
        output = Output.of_side(self.size)
        for index, request in enumerate(self.requests):
            context.ticket.check()
            self.show(context.frame(replace(request, output=output)).pixels)
            context.progress((index + 1) / len(self.requests), f"Frame {index + 1} of {len(self.requests)}")
        return len(self.requests)
