"""The recogniser as an OpenVINO graph, built straight from the weights of `nets.recogniser.Recogniser`.

The affine layer after each convolution is folded into it: g (w x + b) + c = (g w) x + (g b + c).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.generators.openvino_runtime import load_openvino
from faceeditor.identity.chips import CHIP_SIDE

ov: Any = load_openvino()
op: Any = ov.opset13

Array = npt.NDArray[Any]
Node = Any

_MEAN = np.array([122.782, 117.001, 104.298], np.float32).reshape(1, 3, 1, 1)
_DOWN = frozenset((3, 7, 10, 13))
"""Blocks that halve the side."""
_BLOCKS = 14


def build_graph(weights: dict[str, Array]) -> Any:
    """The model: (B, 3, 150, 150) float32 chips in 0..255 -> (B, 128) float32.

    Args:
        weights: the state dict of `Recogniser` as float32 arrays.
    """
    chips = op.parameter([-1, 3, CHIP_SIDE, CHIP_SIDE], np.float32, name="chips")
    x = op.multiply(op.subtract(chips, _constant(_MEAN)), _constant([1 / 256.0]))
    x = op.relu(_conv(x, weights["stem.weight"], weights["stem.bias"], weights["stem_affine"], 2, 0))
    x = op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)
    side, channels = 35, 32
    for block in range(_BLOCKS):
        down = block in _DOWN
        inner = op.relu(_block_conv(x, weights, 2 * block, 2 if down else 1, 0 if down else 1))
        inner = _block_conv(inner, weights, 2 * block + 1, 1, 1)
        inner_side, inner_channels = ((side - 3) // 2 + 1 if down else side), weights[f"convs.{2 * block}.bias"].size
        short = op.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], True) if down else x
        short_side = side // 2 if down else side
        side = max(inner_side, short_side)
        total = op.add(
            _padded(inner, side - inner_side, 0), _padded(short, side - short_side, inner_channels - channels)
        )
        x, channels = op.relu(total), inner_channels
    pooled = op.reduce_mean(x, _constant([2, 3], np.int64), False)
    return ov.Model([op.matmul(pooled, _constant(weights["embed"]), False, False)], [chips], "recogniser")


def _constant(values: Any, dtype: Any = np.float32) -> Node:
    return op.constant(np.asarray(values, dtype, order="C"))


def _conv(x: Node, weight: Array, bias: Array, affine: Array, stride: int, padding: int) -> Node:
    gain, shift = affine
    pad = [padding, padding]
    y = op.convolution(x, _constant(weight * gain[:, None, None, None]), [stride] * 2, pad, pad, [1, 1])
    return op.add(y, _constant((bias * gain + shift).reshape(1, -1, 1, 1)))


def _block_conv(x: Node, weights: dict[str, Array], index: int, stride: int, padding: int) -> Node:
    weight, bias = weights[f"convs.{index}.weight"], weights[f"convs.{index}.bias"]
    return _conv(x, weight, bias, weights[f"affines.{index}"], stride, padding)


def _padded(x: Node, rows: int, channels: int) -> Node:
    """Zeros at the right and the bottom, and in further channels."""
    if not rows and not channels:
        return x
    begin, end = _constant([0, 0, 0, 0], np.int64), _constant([0, channels, rows, rows], np.int64)
    return op.pad(x, begin, end, "constant", _constant(0.0))
