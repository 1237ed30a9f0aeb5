"""Closed-form matting of a band (Levin et al., "A Closed-Form Solution to Natural Image Matting", 2008), compiled."""

from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.head.jit import compiled

Array = npt.NDArray[np.float64]

_EPSILON = 1e-7
"""Regularisation of the colour model, in squares of 0..1."""
_ACCURACY = 1e-5
"""Norm of what is left of the equations, beside that of their right side: that of 8 bits."""
_MOST_STEPS = 2000
"""Conjugate gradient steps at most; a portrait takes a few hundred."""
_REACH = 25
"""Pixels that share a window of 3 x 3 with a pixel, the pixel itself included."""
_OWN = 12
"""Which of them is the pixel itself."""


def solve(colours: Array, trimap: Array, unknown: npt.NDArray[np.bool_]) -> Array:
    """Opacities of unknown pixels: equations 12 and 13 with the known pixels as boundary values.

    Only the windows of the band are worked out. Where the accuracy is not reached in time the last estimate is given.

    Args:
        colours: (H, W, 3) 0..1.
        trimap: (H, W) opacity 0..1; where it is unknown, the estimate to start from.
        unknown: (H, W) where the opacity is wanted.

    Returns:
        (U,) about 0..1, row by row.
    """
    matrix, columns, right = system(colours, trimap, unknown)
    opacity = trimap[unknown]
    _descend(matrix, columns, right, opacity, _ACCURACY, _MOST_STEPS)
    return opacity


def system(colours: Array, trimap: Array, unknown: npt.NDArray[np.bool_]) -> tuple[Array, npt.NDArray[np.int32], Array]:
    """The matting Laplacian of the unknown pixels: (U, 25) values and their (U, 25) columns, and the (U,) right side
    that the known pixels give. Columns without a value are 0."""
    count = int(unknown.sum())
    number = np.full(unknown.shape, -1, np.int32)
    number[unknown] = np.arange(count, dtype=np.int32)
    matrix, columns = np.zeros((count, _REACH)), np.zeros((count, _REACH), np.int32)
    right = np.zeros(count)
    _add_windows(np.ascontiguousarray(colours), trimap, number, matrix, columns, right)
    return matrix, columns, right


@compiled
def _add_windows(colours: Any, trimap: Any, number: Any, matrix: Any, columns: Any, right: Any) -> None:
    height, width = number.shape
    white = np.empty((9, 3))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            wanted = False
            for place in range(9):
                wanted |= number[y + place // 3 - 1, x + place % 3 - 1] >= 0
            if not wanted:
                continue
            _whiten(colours, y, x, white)
            for a in range(9):
                ya, xa = y + a // 3 - 1, x + a % 3 - 1
                row = number[ya, xa]
                if row < 0:
                    continue
                for b in range(9):
                    yb, xb = y + b // 3 - 1, x + b % 3 - 1
                    like = white[a, 0] * white[b, 0] + white[a, 1] * white[b, 1] + white[a, 2] * white[b, 2]
                    value = (1.0 if a == b else 0.0) - (1.0 + like) / 9
                    if number[yb, xb] >= 0:
                        step = (yb - ya + 2) * 5 + xb - xa + 2
                        matrix[row, step] += value
                        columns[row, step] = number[yb, xb]
                    else:
                        right[row] -= value * trimap[yb, xb]


@compiled
def _whiten(colours: Any, y: Any, x: Any, white: Any) -> None:
    """Colours (9, 3) of a window about their mean, by the inverse of the Cholesky factor of their covariance."""
    for c in range(3):
        mean = 0.0
        for place in range(9):
            white[place, c] = colours[y + place // 3 - 1, x + place % 3 - 1, c]
            mean += white[place, c]
        for place in range(9):
            white[place, c] -= mean / 9
    c00, c10, c11, c20, c21, c22 = _EPSILON, 0.0, _EPSILON, 0.0, 0.0, _EPSILON
    for place in range(9):
        r, g, b = white[place, 0], white[place, 1], white[place, 2]
        c00, c10, c11 = c00 + r * r, c10 + g * r, c11 + g * g
        c20, c21, c22 = c20 + b * r, c21 + b * g, c22 + b * b
    l00 = np.sqrt(c00 / 9)
    l10, l20 = c10 / 9 / l00, c20 / 9 / l00
    l11 = np.sqrt(c11 / 9 - l10 * l10)
    l21 = (c21 / 9 - l20 * l10) / l11
    l22 = np.sqrt(c22 / 9 - l20 * l20 - l21 * l21)
    for place in range(9):
        first = white[place, 0] / l00
        second = (white[place, 1] - l10 * first) / l11
        white[place, 0], white[place, 1] = first, second
        white[place, 2] = (white[place, 2] - l20 * first - l21 * second) / l22


@compiled
def _descend(matrix: Any, columns: Any, right: Any, opacity: Any, accuracy: Any, most: Any) -> None:
    """Conjugate gradients, preconditioned by the diagonal; the opacity (U,) is improved in place."""
    count = right.size
    left, slope, product = np.empty(count), np.zeros(count), np.empty(count)
    _multiply(matrix, columns, opacity, product)
    limit, squares, scaled = 0.0, 0.0, 0.0
    for i in range(count):
        left[i] = right[i] - product[i]
        limit += right[i] * right[i]
        squares += left[i] * left[i]
        scaled += left[i] * left[i] / max(matrix[i, _OWN], 1e-12)
    limit *= accuracy * accuracy
    share = 0.0
    for _ in range(most):
        if squares <= limit:
            return
        for i in range(count):
            slope[i] = left[i] / max(matrix[i, _OWN], 1e-12) + share * slope[i]
        _multiply(matrix, columns, slope, product)
        curvature = 0.0
        for i in range(count):
            curvature += slope[i] * product[i]
        step = scaled / curvature
        before, squares, scaled = scaled, 0.0, 0.0
        for i in range(count):
            opacity[i] += step * slope[i]
            left[i] -= step * product[i]
            squares += left[i] * left[i]
            scaled += left[i] * left[i] / max(matrix[i, _OWN], 1e-12)
        share = scaled / before


@compiled
def _multiply(matrix: Any, columns: Any, values: Any, product: Any) -> None:
    for i in range(matrix.shape[0]):
        total = 0.0
        for k in range(_REACH):
            total += matrix[i, k] * values[columns[i, k]]
        product[i] = total
