"""Smoothing and continuing textures of skin: all steps are linear, so that a mean and modes may take them apart."""

import cv2
import numpy as np

from faceeditor.training.head_build.sources import Array

_TO_OPPONENT = np.array([[0.299, 0.587, 0.114], [0.5, -0.4187, -0.0813], [-0.1687, -0.3313, 0.5]], np.float32)
_FROM_OPPONENT = np.linalg.inv(_TO_OPPONENT).astype(np.float32)


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur of (H, W) or (H, W, C) float32."""
    return cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def blurred_inside(picture: Array, weight: Array, sigma: float) -> Array:
    """Blur that only mixes what has weight: (H, W, C) and (H, W)."""
    share = blur(weight, sigma)
    return blur(picture * weight[..., None], sigma) / np.maximum(share, 1e-5)[..., None]


def calmed(picture: Array, weight: Array, detail: Array, coloured: Array, scale: float) -> Array:
    """Take fine noise out of skin; brows, lips and lids keep their lightness, lips their colour as well.

    Args:
        picture: (H, W, 3) float32. weight: (H, W) 0..1 where it is known. detail, coloured: (H, W) 0..1 where they do.
        scale: texels of this picture per texel of a chart of 128.
    """
    opponent = picture @ _TO_OPPONENT.T
    fine = blurred_inside(opponent, weight, 0.6 * scale)
    soft = blurred_inside(opponent, weight, 3.0 * scale)
    lightness = blurred_inside(opponent, weight, 1.3 * scale)
    mixed = fine * coloured[..., None] + soft * (1 - coloured[..., None])
    mixed[..., 0] = opponent[..., 0] * detail + lightness[..., 0] * (1 - detail)
    known = weight > 1e-3
    return np.where(known[..., None], mixed @ _FROM_OPPONENT.T, picture).astype(np.float32)


def continued(picture: Array, known: Array, source: Array, scale: float) -> Array:
    """Carry skin on beyond what is known, ever smoother with the distance.

    Args:
        picture: (H, W, C) float32. known: (H, W) 0..1 how far the picture itself is used.
        source: (H, W) 0..1 which texels the rest is made from (plain skin).
        scale: texels of this picture per texel of a chart of 128.
    """
    total = max(float(source.sum()), 1e-6)
    mean = (picture * source[..., None]).sum((0, 1)) / total
    out: Array = np.broadcast_to(mean, picture.shape).astype(np.float32)
    for sigma in (20.0, 12.0, 7.0, 4.0, 2.0):
        share = blur(source.astype(np.float32), sigma * scale)
        near = blur((picture * source[..., None]).astype(np.float32), sigma * scale)
        near = near / np.maximum(share, 1e-5)[..., None]
        trust = np.clip(share * 4 - 0.05, 0, 1)[..., None]
        out = out * (1 - trust) + near * trust
    return (picture * known[..., None] + out * (1 - known[..., None])).astype(np.float32)
