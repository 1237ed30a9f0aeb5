"""The recogniser as an OpenVINO graph, built straight from the weights of `nets.recogniser.Recogniser`.

The forward pass is that of `nets.recogniser_forward`. The affine layer after each convolution is folded into it:
g (w x + b) + c = (g w) x + (g b + c).
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from faceeditor.generators.openvino_runtime import load_openvino
from faceeditor.nets.recogniser_forward import CHIP_SIDE, MEAN, recognise

ov: Any = load_openvino()
op: Any = ov.opset13

Array = npt.NDArray[Any]
Node: TypeAlias = Any
"""A node of an OpenVINO graph; the package has no types for them."""


def build_graph(weights: dict[str, Array]) -> Any:
    """The model: (B, 3, 150, 150) float32 chips in 0..255 -> (B, 128) float32.

    Args:
        weights: the state dict of `Recogniser` as float32 arrays.
    """
    chips = op.parameter([-1, 3, CHIP_SIDE, CHIP_SIDE], np.float32, name="chips")
    embedding, _ = recognise(_OpenVinoOperations(weights), chips)
    return ov.Model([embedding], [chips], "recogniser")


def _constant(values: Any, dtype: Any = np.float32) -> Node:
    return op.constant(np.asarray(values, dtype, order="C"))


class _OpenVinoOperations:
    """As of `recogniser_forward.Operations`."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self._weights = weights

    def levels(self, chips: Node) -> Node:
        mean = _constant(np.array(MEAN, np.float32).reshape(1, 3, 1, 1))
        return op.multiply(op.subtract(chips, mean), _constant([1 / 256.0]))

    def conv(self, layer: str, affine: str, x: Node, stride: int, padding: int) -> Node:
        weight, bias = self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]
        gain, shift = self._weights[affine]
        pad = [padding, padding]
        y = op.convolution(x, _constant(weight * gain[:, None, None, None]), [stride] * 2, pad, pad, [1, 1])
        return op.add(y, _constant((bias * gain + shift).reshape(1, -1, 1, 1)))

    def relu(self, x: Node) -> Node:
        return op.relu(x)

    def max_pool(self, x: Node) -> Node:
        return op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [3, 3]).output(0)

    def avg_pool(self, x: Node) -> Node:
        return op.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], True)

    def padded_sum(self, first: Node, second: Node) -> Node:
        shapes = [_planes_shape(node) for node in (first, second)]
        whole = tuple(max(pair) for pair in zip(*shapes, strict=True))

        def pad(x: Node, shape: tuple[int, ...]) -> Node:
            if shape == whole:
                return x
            missing = [0, *(most - size for most, size in zip(whole, shape, strict=True))]
            ends = (_constant([0, 0, 0, 0], np.int64), _constant(missing, np.int64))
            return op.pad(x, *ends, "constant", _constant(0.0))

        return op.add(pad(first, shapes[0]), pad(second, shapes[1]))

    def mean(self, x: Node) -> Node:
        return op.reduce_mean(x, _constant([2, 3], np.int64), False)

    def embed(self, x: Node) -> Node:
        return op.matmul(x, _constant(self._weights["embed"]), False, False)


def _planes_shape(node: Node) -> tuple[int, ...]:
    """Channels, height and width of a node (or of an output) whose batch may be of any size."""
    output = node.output(0) if hasattr(node, "output") else node
    return tuple(int(size.get_length()) for size in list(output.get_partial_shape())[1:])
