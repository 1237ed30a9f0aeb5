"""The mask-guided generator on the CPU through OpenVINO."""

import functools
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError, ModelError
from faceeditor.generators.conditions import MaskCondition, condition_maps, detail_over_picture, quartered
from faceeditor.generators.devices import cpu_threads
from faceeditor.generators.openvino_runtime import fastest_precision, latency_settings, load_openvino
from faceeditor.portrait.style import StyleCode


class OpenVinoBackend:
    """Runs the graph of `openvino_graph` in bfloat16 where the processor has it, else in float32.

    Args:
        weights: the state dict of `MaskGenerator` as float32 arrays.
        precision: "bf16" or "f32" instead of the faster one that the processor has.

    Raises:
        EngineError: OpenVINO cannot be loaded or does not accept the graph.
        ModelError: the weights are not those of this network.
    """

    device = "openvino-cpu"

    def __init__(self, weights: dict[str, npt.NDArray[Any]], precision: str = "") -> None:
        openvino = load_openvino()
        from faceeditor.generators.openvino_graph import build_graph

        try:
            self._core = openvino.Core()
            fastest = fastest_precision(self._core)
        except Exception as error:  # whatever fails in there, torch serves as well
            raise EngineError(f"OpenVINO cannot be started ({_first_line(error)}).") from error
        self._build = functools.partial(build_graph, weights)
        self._requests: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._compiling = threading.Lock()
        self._detail: tuple[tuple[bytes, str], npt.NDArray[np.float32]] | None = None
        self.precision = precision or fastest
        self._request(256)

    def warm_up(self, size: int) -> None:
        """Compile the graph of a size beside what is being drawn, so that its first frame does not wait for it.

        Raises:
            EngineError, ModelError: as of the constructor.
        """
        self._request(size)

    def _request(self, size: int) -> Any:
        """The compiled graph of a size, made at its first use."""
        made = self._requests.get(size)
        if made is not None:
            return made
        with self._compiling:
            if size not in self._requests:
                self._requests[size] = self._compiled(size)
            return self._requests[size]

    def _compiled(self, size: int) -> Any:
        settings = latency_settings(cpu_threads(), self.precision)
        try:
            model = self._build(size)
        except (KeyError, ValueError) as error:
            raise ModelError("The model “mask-guided” does not fit to this program; reinstall Face Editor.") from error
        except RuntimeError as error:
            raise EngineError(f"OpenVINO does not accept the model ({_first_line(error)}).") from error
        try:
            return self._core.compile_model(model, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO does not accept the model ({_first_line(error)}).") from error

    def draw(
        self, condition: MaskCondition, style: StyleCode, size: int, maps: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.uint8]:
        """One face as a fresh (size, size, 3) uint8 array."""
        inputs = [
            quartered(condition.labels),
            condition.to_face,
            self._detail_of(condition, style),
            style.regions,
            style.overall[None],
            condition_maps(maps, condition.guides),
        ]
        with self._lock:
            request = self._request(size)
            try:
                request.infer(inputs, share_inputs=True)
            except RuntimeError as error:
                raise EngineError(f"OpenVINO could not draw the face ({_first_line(error)}).") from error
            return np.array(request.get_output_tensor().data[0])

    def _detail_of(self, condition: MaskCondition, style: StyleCode) -> npt.NDArray[np.float32]:
        """The detail map laid over the picture; the last one is kept, as most strokes leave the face where it is."""
        key = (condition.to_face.tobytes(), style.key)
        kept = self._detail
        if kept is None or kept[0] != key:
            kept = self._detail = key, detail_over_picture(style.detail, condition.to_face)
        return kept[1]

    def close(self) -> None:
        """Give the compiled graphs back."""
        with self._lock:
            self._requests.clear()


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
