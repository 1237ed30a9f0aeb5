"""Skin modes in the form of the model, from any linear skin model: unit variance over the photographs."""

import numpy as np

from faceeditor.portrait.head import ALBEDO_DIM
from faceeditor.training.head_build.sources import Array


def principal(mean: Array, basis: Array, coefficients: Array) -> tuple[Array, Array, Array]:
    """Principal modes of the textures `mean + coefficients @ basis`.

    Args:
        mean: (H, W, 3). basis: (K, H, W, 3). coefficients: (N, K) of the photographs to learn from.

    Returns:
        mean (H, W, 3) of the textures, modes (32, H, W, 3) that move one standard deviation for one unit, and the map
        (K, 32) that turns centred coefficients into those of the modes.
    """
    centre = coefficients.mean(0)
    centred = coefficients - centre
    flat = basis.reshape(len(basis), -1).astype(np.float64)
    gram = flat @ flat.T
    # Eigenvectors of the texture covariance within the span of the basis.
    spread = centred.T @ centred / len(centred)
    root = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) * np.eye(len(gram)))
    values, vectors = np.linalg.eigh(root.T @ spread @ root)
    order = np.argsort(values)[::-1][:ALBEDO_DIM]
    deviation = np.sqrt(values[order])
    inverse = np.linalg.inv(root.T)
    # Rows of `modes` in the old basis: texture direction (unit length) times its deviation.
    modes = (inverse @ vectors[:, order] * deviation).T
    signs = np.sign(modes @ flat.sum(1))
    modes *= signs[:, None]
    turn = root @ vectors[:, order] / deviation * signs
    return mean + np.tensordot(centre, basis, 1), np.tensordot(modes, basis, 1), turn
