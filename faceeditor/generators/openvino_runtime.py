"""The one place that loads OpenVINO, so that it is loaded without its telemetry.

`import openvino` counts its uses: it forks a process that calls a server on the internet, without having asked. Face
Editor works offline and tells nobody anything, and a fork beside a running matrix product of numpy locks both up for
good. OpenVINO gets along without the package `openvino_telemetry`, so it is told that there is none.
"""

import sys
from types import ModuleType

from faceeditor.errors import EngineError


def load_openvino() -> ModuleType:
    """The package `openvino` with its submodule `opset13`; EngineError if it cannot be loaded."""
    if "openvino" not in sys.modules:
        # None makes an import of this name fail (as the language reference has it).
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino
        import openvino.opset13
    except Exception as error:  # a broken installation fails in many ways
        raise EngineError(f"OpenVINO cannot be loaded ({error}); reinstall Face Editor.") from error
    return openvino


def fastest_precision(core: object) -> str:
    """ "bf16" where the processor calculates in bfloat16, else "f32".

    Args:
        core: an `openvino.Core`.
    """
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")  # type: ignore[attr-defined]
    return "bf16" if "BF16" in capabilities else "f32"


def latency_settings(threads: int, precision: str) -> dict[str, object]:
    """Settings of a compiled network that shall answer one request as soon as possible."""
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,
    }
