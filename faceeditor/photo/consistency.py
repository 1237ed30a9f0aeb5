"""Forward-backward error of a motion field: where a moved picture shows one place of its source twice."""

import numpy as np
import numpy.typing as npt

from faceeditor.head.jit import compiled

FloatArray = npt.NDArray[np.float32]

_GUESSED = np.float32(0.02)
"""Weight of places whose source was not seen, beside those whose source was: these own what both claim."""


def forward_backward_error(displacement: FloatArray, shown: FloatArray, density: float) -> FloatArray:
    """How far a place is from where its source goes when it is moved forward.

    The check of Sundaram et al., "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow" (2010),
    section 3, with the forward field made of the backward one: each place leaves its own position at its source, and
    the mean of what is left there is the forward motion. A field that is one to one gives 0; where two places share a
    source, the one that is guessed is off by their distance, and two that were seen by half of it.

    Args:
        displacement: (N, N, 2) source place minus place (x, y) in mask pixels.
        shown: (N, N) 0..1: 0 where the picture shows nothing that moves, small where the source is guessed.
        density: grid pixels per mask pixel.

    Returns:
        (N, N) float32 in mask pixels; 0 where `shown` is 0.
    """
    error = np.zeros(shown.shape, np.float32)
    _check(displacement, shown, np.float32(density), error)
    return error


def weight_of(known: npt.NDArray[np.bool_], guessed: npt.NDArray[np.bool_]) -> FloatArray:
    """(H, W) `shown` of `forward_backward_error`: 1 where the source is known, little where it is guessed, else 0."""
    return np.where(known, np.float32(1), np.where(guessed, _GUESSED, np.float32(0))).astype(np.float32)


@compiled
def _check(displacement, shown, density, error):  # type: ignore[no-untyped-def]
    height, width = shown.shape
    # Sum of weight, and of weight times the place that looked here.
    left = np.zeros((height, width, 3), np.float32)
    for step in range(2):
        for y in range(height):
            for x in range(width):
                share = shown[y, x]
                if share <= 0:
                    continue
                u = x + displacement[y, x, 0] * density
                v = y + displacement[y, x, 1] * density
                if not (u >= 0 and v >= 0 and u < width - 1 and v < height - 1):
                    continue
                column, row = int(u), int(v)
                across, down = np.float32(u - column), np.float32(v - row)
                total, place_x, place_y = np.float32(0), np.float32(0), np.float32(0)
                for j in range(2):
                    for i in range(2):
                        part = (across if i == 1 else 1 - across) * (down if j == 1 else 1 - down)
                        if step == 0:
                            left[row + j, column + i, 0] += share * part
                            left[row + j, column + i, 1] += share * part * x
                            left[row + j, column + i, 2] += share * part * y
                        else:
                            total += part * left[row + j, column + i, 0]
                            place_x += part * left[row + j, column + i, 1]
                            place_y += part * left[row + j, column + i, 2]
                if step == 1 and total > 0:
                    across_off, down_off = place_x / total - x, place_y / total - y
                    error[y, x] = np.sqrt(across_off * across_off + down_off * down_off) / density
