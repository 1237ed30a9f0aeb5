"""Resampling against the plain definition."""

import numpy as np
import pytest
import torch

from faceeditor.nets.fir import filter_taps, resample, upsampling_padding


def plainly(x: np.ndarray, taps: np.ndarray, up: int, down: int, padding: tuple[int, int, int, int]) -> np.ndarray:
    """Insert zeros, pad or crop, convolve, keep every down-th, pixel by pixel."""
    square = np.outer(taps, taps) if taps.ndim == 1 else taps
    left, right, top, bottom = padding
    large = np.zeros((x.shape[0] * up, x.shape[1] * up))
    large[::up, ::up] = x
    large = np.pad(large, ((max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))))
    large = large[max(-top, 0) : len(large) - max(-bottom, 0), max(-left, 0) : large.shape[1] - max(-right, 0)]
    height, width = (np.array(large.shape) - square.shape) // down + 1
    flipped = square[::-1, ::-1]
    result = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            part = large[row * down : row * down + square.shape[0], column * down : column * down + square.shape[1]]
            result[row, column] = (part * flipped).sum()
    return result


@pytest.mark.parametrize("taps", [np.random.RandomState(1).randn(9), np.random.RandomState(2).randn(3, 4), np.ones(12)])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (4, 2), (2, 4), (3, 1)])
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (5, 8, 3, 1), (-2, 7, 9, -3)])
def test_as_defined(taps: np.ndarray, up: int, down: int, padding: tuple[int, int, int, int]) -> None:
    x = np.random.RandomState(0).randn(17, 70 // up)
    expected = 3 * plainly(x, taps, up, down, padding)
    found = resample(torch.from_numpy(x)[None, None].float(), torch.from_numpy(taps).float(), up, down, padding, 3.0)
    assert found.shape[2:] == expected.shape
    assert np.allclose(found[0, 0].numpy(), expected, atol=1e-4)


def test_filters_are_normalised_and_centred() -> None:
    assert filter_taps([1, 3, 3, 1]).shape == (4, 4) and filter_taps(range(1, 10)).shape == (9,)
    assert filter_taps(None).shape == (1, 1) and float(filter_taps([[1, 2], [3, 4]]).sum()) == pytest.approx(1)
    x = torch.zeros(1, 1, 9, 9)
    x[..., 4, 4] = 1
    taps = filter_taps([1, 3, 3, 1])
    y = resample(x, taps, 2, padding=upsampling_padding(taps, 2), gain=4)[0, 0]
    rows, columns = (y.sum(axis) @ torch.arange(18.0) / y.sum() for axis in (1, 0))
    assert y.shape == (18, 18) and float(rows) == pytest.approx(8.5) and float(columns) == pytest.approx(8.5)
