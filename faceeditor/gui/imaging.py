"""Pixels between numpy and Qt: the mask's picture on the canvas, frames, thumbnails."""

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from faceeditor.portrait.outlines import REACH, SCALE, smooth_labels
from faceeditor.regions import MASK_SIZE, PALETTE, REGION_COUNT, MaskArray

# QImage.Format_RGB32 stores blue, green, red, filler on little-endian machines, 0xffRRGGBB as a number on all.
_LUT: npt.NDArray[np.uint32] = np.full(256, 0xFF000000, np.uint32)
_LUT[:REGION_COUNT] |= PALETTE.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
_CHECKER, _CHECKER_CELLS = (204, 255), 20
"""Levels of the squares that stand for transparency, and how many there are along a picture."""


class MaskPicture:
    """The mask as a picture, with crisp pixels or smooth outlines, that is kept up to date rectangle by rectangle.

    Attributes:
        image: 256 x 256 pixels, one for each of the mask.
    """

    def __init__(self) -> None:
        self._mask: MaskArray = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
        self._smooth: npt.NDArray[np.uint32] | None = None  # made when it is asked for
        self._smooth_image = QImage()
        self._stale: tuple[int, int, int, int] | None = None  # left, top, right, bottom of what changed since
        self._buffer = np.full((MASK_SIZE, MASK_SIZE), _LUT[0], np.uint32)
        # The picture shares the buffer's memory: writing an array cell recolours the pixel without a copy.
        self.image = QImage(self._buffer.data, MASK_SIZE, MASK_SIZE, MASK_SIZE * 4, QImage.Format.Format_RGB32)

    def update(self, mask: MaskArray, left: int, top: int, right: int, bottom: int) -> None:
        """Recolour pixels [left, right) x [top, bottom) from the mask."""
        self._buffer[top:bottom, left:right] = _LUT[mask[top:bottom, left:right]]
        self._mask = mask
        if self._stale is None:
            self._stale = left, top, right, bottom
        else:
            x0, y0, x1, y1 = self._stale
            self._stale = min(x0, left), min(y0, top), max(x1, right), max(y1, bottom)

    @property
    def smooth(self) -> QImage:
        """The mask with smooth outlines (`portrait.outlines`), SCALE times as large; drawn when it is asked for."""
        if self._smooth is None:
            side = MASK_SIZE * SCALE
            self._smooth = np.empty((side, side), np.uint32)
            self._smooth_image = QImage(self._smooth.data, side, side, side * 4, QImage.Format.Format_RGB32)
            self._stale = 0, 0, MASK_SIZE, MASK_SIZE
        if self._stale is not None:
            rows, columns = (_spread(self._stale[i], self._stale[i + 2]) for i in (1, 0))
            around = tuple(_spread(part.start, part.stop) for part in (rows, columns))
            labels = smooth_labels(self._mask[around])
            inner = tuple(_finer(part, outer.start) for part, outer in zip((rows, columns), around, strict=True))
            self._smooth[_finer(rows), _finer(columns)] = _LUT[labels[inner]]
            self._stale = None
        return self._smooth_image


def _spread(start: int, stop: int) -> slice:
    """The rows or columns of the mask whose outlines some of them influence."""
    return slice(max(0, start - REACH), min(MASK_SIZE, stop + REACH))


def _finer(part: slice, origin: int = 0) -> slice:
    return slice((part.start - origin) * SCALE, (part.stop - origin) * SCALE)


def reduced(pixels: npt.NDArray[np.uint8], longest: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 with no side longer than `longest` pixels; a smaller picture as it is."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1.0:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def to_qimage(pixels: npt.NDArray[np.uint8]) -> QImage:
    """(H, W, 3) uint8 sRGB -> a picture of its own (the array may go away)."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    view = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
    return view.convertToFormat(QImage.Format.Format_RGB32)


def over_checkerboard(pixels: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 with opacity (H, W) uint8, over the squares that stand for transparency."""
    height, width = alpha.shape
    cell = max(1, height // _CHECKER_CELLS)
    odd = (np.arange(height)[:, None] // cell + np.arange(width)[None, :] // cell) % 2 == 1
    board = np.where(odd, np.uint8(_CHECKER[0]), np.uint8(_CHECKER[1]))[..., None].astype(np.float32)
    share = alpha[..., None].astype(np.float32) / np.float32(255)
    return np.rint(board + share * (pixels - board)).astype(np.uint8)


def from_qimage(image: QImage) -> npt.NDArray[np.uint8]:
    """A picture -> (H, W, 3) uint8 sRGB."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : rgb.width() * 3].reshape(rgb.height(), rgb.width(), 3).copy()


def mask_qimage(mask: MaskArray) -> QImage:
    """A mask in the palette's colours, as a picture of its own."""
    picture = MaskPicture()
    picture.update(mask, 0, 0, MASK_SIZE, MASK_SIZE)
    return picture.image.copy()
