"""Fields on a grid: filling what is unknown smoothly, and means over what is known."""

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_SMALLEST = 4
_ROUNDS = 3
"""Smoothing steps at each level of the pyramid; they take the blocks of the coarser level away."""


def fill(values: FloatArray, weight: FloatArray, finest: int = _ROUNDS) -> FloatArray:
    """Values that go on smoothly where the weight is 0: a membrane through the known ones.

    The pyramid of Gortler et al., "The Lumigraph" (1996), section 3.4 (push-pull), with a few steps of relaxation at
    each level.

    Args:
        values: (H, W) or (H, W, C) float32; anything where the weight is 0.
        weight: (H, W) float32 0..1, how far the values are known.
        finest: smoothing steps at the finest level; 0 is enough where the result is blurred afterwards.

    Returns:
        float32 of the shape of the values; the values themselves where the weight is 1, zero everywhere if nothing is
        known.
    """
    flat = values.ndim == 2
    known = weight[..., None]
    out = _filled(np.where(known > 0, values[..., None] if flat else values, 0) * known, weight, finest)
    return np.ascontiguousarray(out[..., 0] if flat else out)


def _filled(weighted: FloatArray, weight: FloatArray, rounds: int = _ROUNDS) -> FloatArray:
    """`fill` of values (H, W, C) that are multiplied by their weight already."""
    height, width = weight.shape
    if min(height, width) <= _SMALLEST or bool((weight >= 1).all()):
        total = float(weight.sum())
        mean = weighted.sum((0, 1)) / total if total > 0 else np.zeros(weighted.shape[2], np.float32)
        return np.asarray(weighted + (1 - weight[..., None]) * mean, np.float32)
    size = (width + 1) // 2, (height + 1) // 2
    small_weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    small = _planes(cv2.resize(weighted, size, interpolation=cv2.INTER_AREA))
    # A coarse cell with one known pixel is known.
    boost = np.minimum(4.0, 1 / np.maximum(small_weight, 1e-6)).astype(np.float32)
    coarse = _filled(small * boost[..., None], np.minimum(1, small_weight * boost))
    guess = _planes(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    missing = 1 - weight[..., None]
    out = weighted + missing * guess
    for _ in range(rounds):
        out = weighted + missing * _planes(cv2.blur(out, (3, 3), borderType=cv2.BORDER_REPLICATE))
    return np.asarray(out, np.float32)


def _planes(values: npt.NDArray[np.generic]) -> FloatArray:
    """(H, W, C) float32; OpenCV drops the last axis of single planes."""
    return np.asarray(values if values.ndim == 3 else values[..., None], np.float32)


def local_mean(values: FloatArray, weight: FloatArray, sigma: float) -> FloatArray:
    """Gaussian mean (H, W, C) of values (H, W, C) over where the weight (H, W) is, zero far from all of it."""
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    mean = _planes(cv2.GaussianBlur(np.ascontiguousarray(values * weight[..., None]), (0, 0), sigma))
    return np.asarray(mean / np.maximum(total, 1e-4)[..., None], np.float32)


def spread(plane: npt.NDArray[np.generic], radius: float) -> npt.NDArray[np.bool_]:
    """(H, W) where a pixel of the plane that is not 0 is within the radius: a dilation by a disc of any size."""
    if not plane.any():
        return np.zeros(plane.shape, np.bool_)
    return np.asarray(cv2.distanceTransform((plane == 0).astype(np.uint8), cv2.DIST_L2, 5) <= radius)


def smoothstep(values: npt.NDArray[np.floating], low: float, high: float) -> FloatArray:
    """0 below low, 1 above high, smooth in between (Hermite)."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
