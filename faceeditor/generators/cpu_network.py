"""Small networks on a processor: by OpenVINO where it can be loaded, else by torch; opened once per process."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from faceeditor.errors import EngineError, ModelError
from faceeditor.generators.devices import cpu_threads
from faceeditor.generators.openvino_runtime import latency_settings, load_openvino
from faceeditor.packs import ModelPack

FloatArray = npt.NDArray[np.float32]
Network = Callable[[FloatArray], FloatArray]
"""From an input to a new array; not for two threads at once."""
T = TypeVar("T")

BACKENDS = ("openvino", "torch")


def open_network(
    name: str, wanted: str, openvino: Callable[[], Network], torch: Callable[[], Network]
) -> tuple[Network, str]:
    """A network by one of two backends, and the name of that.

    Args:
        name: of the network, for errors.
        wanted: "openvino" or "torch"; empty: OpenVINO where it works, else torch.
        openvino, torch: open it.

    Raises:
        EngineError: there is no such backend, or it cannot be used.
        ModelError: the weights do not fit.
    """
    if wanted and wanted not in BACKENDS:
        raise EngineError(f"The {name} has no backend “{wanted}”; choose one of: {', '.join(BACKENDS)}.")
    if wanted != "torch":
        try:
            return openvino(), "openvino"
        except EngineError:
            if wanted:
                raise
    return torch(), "torch"


def openvino_network(name: str, build: Callable[[], Any]) -> Network:
    """A network of one input and one output in float32.

    Args:
        name: of the network and of its pack, for errors.
        build: makes the `openvino.Model`; called when OpenVINO is loaded.

    Raises:
        EngineError: OpenVINO cannot be loaded, or does not accept the network.
        ModelError: the weights do not fit.
    """
    openvino = load_openvino()
    try:
        model = build()
    except (RuntimeError, KeyError, ValueError) as error:
        raise ModelError(f"The model “{name}” does not fit to this program; reinstall Face Editor.") from error
    try:
        compiled = openvino.Core().compile_model(model, "CPU", latency_settings(cpu_threads(), "f32"))
        request = compiled.create_infer_request()
    except RuntimeError as error:
        raise EngineError(f"OpenVINO does not accept the {name} ({error}).") from error

    def run(values: FloatArray) -> FloatArray:
        try:
            request.infer([np.ascontiguousarray(values)], share_inputs=True)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO could not run the {name} ({error}).") from error
        return np.array(request.get_output_tensor().data, np.float32)  # the tensor belongs to the next call

    return run


class OpenedPacks(Generic[T]):
    """What was made of model packs, once for each pack as it is on the disk, backend and number of threads."""

    def __init__(self) -> None:
        self._opened: dict[tuple[str, str, str, int], T] = {}
        self._lock = threading.Lock()

    def get(self, pack: ModelPack, make: Callable[[], T], backend: str = "") -> T:
        """What `make` makes of the pack, or has made before."""
        key = (str(pack.folder), pack.key, backend, cpu_threads())
        with self._lock:
            if key not in self._opened:
                self._opened[key] = make()
            return self._opened[key]
