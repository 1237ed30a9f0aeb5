"""The learnt enlarger's arithmetic, for every framework that runs it, without torch.

Twice the size is Lanczos' enlargement plus what a small network adds to it. The network sees a picture less its local
mean and has no biases: where tones are flat or rise evenly it sees nothing and adds exactly nothing, so that it cannot
lay a pattern of its sub-pixels over them, and contrast in leads to as much contrast out (as in Mohan et al., "Robust
and interpretable blind image denoising via bias-free convolutional neural networks", 2020). It works at the smaller
side, after Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
neural network" (2016).
"""

import cv2
import numpy as np
import numpy.typing as npt

from faceeditor.nets.mask_guided_forward import Operations, T

FloatArray = npt.NDArray[np.float32]

PACK = "enlarger"
FILE = "weights.safetensors"
PAIRS = 2
"""Residual pairs of convolutions."""
MARGIN = 8
"""Pixels around a place that its enlargement depends on: two of the local mean, six of the convolutions."""
_MEAN = 5
_UNIT = np.float32(1 / 127.5)


def detail_of(picture: FloatArray) -> FloatArray:
    """What the network sees: (3, H, W) in -2..2, a picture (H, W, 3) in levels less its mean over 5 x 5 pixels."""
    detail = (picture - cv2.blur(picture, (_MEAN, _MEAN))) * _UNIT
    return np.ascontiguousarray(detail.transpose(2, 0, 1), np.float32)


def lanczos2(picture: FloatArray) -> FloatArray:
    """A picture (H, W, 3) in levels at twice its size, before the network's share; overshoots are kept."""
    height, width = picture.shape[:2]
    large = cv2.resize(picture, (2 * width, 2 * height), interpolation=cv2.INTER_LANCZOS4)
    return np.asarray(large, np.float32)


def levels_of(added: FloatArray) -> FloatArray:
    """What the network adds, (3, 2 H, 2 W) in units of its input, as levels (2 H, 2 W, 3)."""
    return np.ascontiguousarray(added.transpose(1, 2, 0) / _UNIT, np.float32)


def added_detail(ops: Operations[T], detail: T) -> T:
    """What the network adds to the enlarged picture: (B, 3, 2 H, 2 W) from `detail_of` pictures (B, 3, H, W)."""
    x = ops.leaky_relu(ops.conv("enter", detail))
    for pair in range(PAIRS):
        x = x + ops.conv(f"pairs.{pair}.1", ops.leaky_relu(ops.conv(f"pairs.{pair}.0", x)))
    return ops.pixel_shuffle2(ops.conv("leave", x))
