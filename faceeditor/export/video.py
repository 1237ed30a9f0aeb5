"""Writing a sequence of pictures as a video: MP4 (H.264 through PyAV) or animated WebP (Pillow), with provenance.

Files are made in memory and written whole: what a cancel or a full disk interrupts leaves nothing behind.
"""

import errno
import io
import itertools
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from PIL import Image

from faceeditor import __version__
from faceeditor.errors import FaceEditorError, ImageError
from faceeditor.images import target_of, write_atomic, write_error
from faceeditor.images.provenance import DIGITAL_SOURCE_TYPE, xmp_packet

Pixels = npt.NDArray[np.uint8]
Step = Callable[[float, str], None]

FORMATS = {".mp4": "MP4", ".webp": "WebP"}
"""Name of each format by the file ending that asks for it."""
MIN_SIDE, MAX_SIDE = 64, 2048
"""Sides of a video in pixels."""
MIN_RATE, MAX_RATE = 1, 60
"""Frames a second."""
CRF = 16
"""Constant rate factor of H.264: no difference to the pictures is seen at it; 0 is lossless."""
WEBP_QUALITY = 90

_XMP_BOX = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
"""Name of the top-level box that holds XMP in MP4 files (Adobe, XMP Specification Part 3)."""
# Colour description: BT.709 primaries and matrix, the transfer curve of sRGB, limited range (ITU-T H.273).
_PRIMARIES, _TRANSFER, _MATRIX, _RANGE = 1, 13, 1, 1


def video_format(path: str | Path) -> str:
    """The video format that a file name asks for.

    Raises:
        ImageError: the ending is none of the two formats'.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ImageError(f"“{path.name}” does not say which video to write; let it end in .mp4 or .webp.")
    return kind


def check_video(path: str | Path, fps: float, size: int) -> None:
    """Refuse what cannot be written, before anything is drawn for it.

    Args:
        path: where the video is to be written.
        fps: frames a second, 1 to 60.
        size: side in pixels, 64 to 2048.

    Raises:
        ImageError: another ending, rate or size.
        FaceEditorError: the folder does not exist or cannot be written.
    """
    video_format(path)
    if not MIN_RATE <= fps <= MAX_RATE:  # NaN fails, too
        raise ImageError(f"A video cannot show {fps:g} frames a second; choose {MIN_RATE} to {MAX_RATE}.")
    if not MIN_SIDE <= size <= MAX_SIDE:
        raise ImageError(f"A video of {size} pixels cannot be written; choose a size from {MIN_SIDE} to {MAX_SIDE}.")
    place = target_of(path)
    if place.is_dir():
        raise write_error(place, IsADirectoryError(errno.EISDIR, "is a folder"))
    if not place.parent.is_dir():
        raise write_error(place, FileNotFoundError(errno.ENOENT, "no such folder"))
    if not os.access(place.parent, os.W_OK):
        raise write_error(place, PermissionError(errno.EACCES, "no permission"))


def write_video(
    path: str | Path,
    frames: Iterable[Pixels],
    fps: float = 25,
    count: int = 0,
    step: Step = lambda share, text: None,
) -> None:
    """Write pictures as a video; the file's ending chooses the format. A WebP animation repeats for ever.

    Args:
        path: a name that ends in .mp4 or .webp.
        frames: (H, W, 3) uint8 sRGB each, all of one size; an odd side of an MP4 gets its last row or column twice.
        fps: frames a second, 1 to 60.
        count: how many frames there are.
        step: called before each frame with the share done (0..1) and a text; an exception of it ends the work.

    Raises:
        ImageError: another ending, rate or size, or no frames.
        FaceEditorError: the file cannot be written; what was there before stays.
        ValueError: there are fewer or more frames than counted, or of different sizes.
    """
    kind = video_format(path)
    if count < 1:
        raise ImageError("A video needs at least one frame; choose more frames.")
    told = _told(frames, count, step)
    first = next(told)
    check_video(path, fps, max(first.shape[:2]))
    stream = _checked(first, told)
    data = _mp4(stream, fps, count, first.shape[:2]) if kind == "MP4" else _webp(stream, fps, count)
    step(1.0, "Writing the file")
    write_atomic(path, data)


def _told(frames: Iterable[Pixels], count: int, step: Step) -> Iterator[Pixels]:
    """The frames one by one, each announced before it is made."""
    source = iter(frames)
    for index in range(count):
        step(index / count, f"Frame {index + 1} of {count}")
        try:
            frame = next(source)
        except StopIteration:
            raise ValueError(f"{count} frames were counted, but there are only {index}") from None
        yield frame
    if next(source, None) is not None:
        raise ValueError(f"{count} frames were counted, but there are more")


def _checked(first: Pixels, rest: Iterator[Pixels]) -> Iterator[Pixels]:
    yield np.ascontiguousarray(first)
    for frame in rest:
        if frame.shape != first.shape:
            raise ValueError(f"a frame of {frame.shape} among frames of {first.shape}")
        yield np.ascontiguousarray(frame)


def _mp4(frames: Iterator[Pixels], fps: float, count: int, size: tuple[int, ...]) -> bytes:
    """H.264 in MP4 with its index in front, so that it plays while it is loaded."""
    # Imported here: it loads the libraries of FFmpeg.
    import av

    memory = io.BytesIO()
    height, width = size[0] + size[0] % 2, size[1] + size[1] % 2
    # The index needs about 30 bytes a frame; what it leaves of the space in front of the pictures stays free.
    options = {"moov_size": str(8192 + 64 * count), "movflags": "use_metadata_tags"}
    try:
        with av.open(memory, "w", format="mp4", options=options) as container:
            container.metadata["encoder_tool"] = f"Face Editor {__version__}"
            container.metadata["comment"] = DIGITAL_SOURCE_TYPE
            stream: Any = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"crf": str(CRF), "preset": "medium"}
            context = stream.codec_context
            context.color_primaries, context.color_trc = _PRIMARIES, _TRANSFER
            context.colorspace, context.color_range = _MATRIX, _RANGE
            for pixels in frames:
                even = np.pad(pixels, ((0, height - size[0]), (0, width - size[1]), (0, 0)), mode="edge")
                picture = av.VideoFrame.from_ndarray(even, format="rgb24")
                picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise FaceEditorError(f"The video could not be made ({error}); choose a name that ends in .webp.") from error
    xmp = xmp_packet().encode("utf-8")
    return memory.getvalue() + struct.pack(">I", 24 + len(xmp)) + b"uuid" + _XMP_BOX + xmp


class _Sequence(Image.Image):
    """The frames as one of Pillow's pictures with several frames, which makes each as it is asked for."""

    def __init__(self, frames: Iterator[Pixels], count: int) -> None:
        super().__init__()
        self.n_frames = count
        self._frames = frames
        self._shown = -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        # Frames are asked for in order; going back to where it began, at the end, needs no picture.
        while self._shown < frame:
            picture = Image.fromarray(next(self._frames))
            self.im, self._mode, self._size = picture.im, picture.mode, picture.size
            self._shown += 1

    def tell(self) -> int:
        return max(0, self._shown)


def _webp(frames: Iterator[Pixels], fps: float, count: int) -> bytes:
    memory = io.BytesIO()
    ends = [round(index * 1000 / fps) for index in range(count + 1)]
    durations = [end - begin for begin, end in itertools.pairwise(ends)]
    _Sequence(frames, count).save(
        memory, "WEBP", save_all=True, duration=durations, loop=0, quality=WEBP_QUALITY, method=4,
        xmp=xmp_packet().encode("utf-8"),
    )  # fmt: skip
    # A count that was too low shows when another frame is asked for.
    for _ in frames:
        break
    return memory.getvalue()
