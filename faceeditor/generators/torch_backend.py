"""The mask-guided generator and the style encoder through torch, on a graphics card or the CPU."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faceeditor.faceframe import face_frame
from faceeditor.generators.conditions import MaskCondition, condition_maps
from faceeditor.generators.devices import DeviceError, cpu_cores
from faceeditor.nets.layers import one_hot_planes
from faceeditor.nets.loading import Weights, load_module
from faceeditor.nets.mask_guided import Codes, MaskGenerator, StyleEncoder
from faceeditor.nets.mask_guided_forward import HEAD_SIDE, MAP_CHANNELS
from faceeditor.nets.precision import has_bfloat16
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import REGION_COUNT, MaskArray

_log = logging.getLogger(__name__)

_ENCODER_SIDE = 128
_Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def _generator(weights: Weights, config: Mapping[str, Any]) -> MaskGenerator:
    sizes = {key: tuple(int(n) for n in config[key]) for key in ("channels", "conditions") if key in config}
    fine = fine_width(weights)
    return load_module(MaskGenerator(**sizes, fine_width=fine), weights, "mask-guided")


def fine_width(weights: Weights) -> int:
    """Channels of the fine scale among a generator's weights, 0 if there is none."""
    return len(weights["fine.enter.weight"]) if "fine.enter.weight" in weights else 0


class TorchBackend:
    """The generator on "cuda" or "cpu".

    On a graphics card of the generation Ampere or later the network runs in bfloat16, else in float32, as a recorded
    CUDA graph where that works. On the CPU in the faster of both, measured at the start.

    Args:
        weights: the state dict of `MaskGenerator`.
        config: `channels` and `conditions` of the pack.
        place: "cuda" or "cpu".

    Raises:
        DeviceError: the graphics card is not there or has no memory left.
    """

    def __init__(self, weights: Weights, config: Mapping[str, Any], place: str) -> None:
        self.device = "cuda" if place == "cuda" else "torch-cpu"
        self._place = torch.device(place)
        self._lock = threading.Lock()
        self._recorded: dict[int, Callable[[_Inputs], Tensor]] = {}
        self._half = False
        with _device_errors():
            if place == "cuda" and not torch.cuda.is_available():
                raise DeviceError("There is no graphics card that torch can use; choose the processor instead.")
            net = _generator(weights, config).to(self._place)
            self._net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            if place == "cuda":
                self._half = torch.cuda.get_device_capability()[0] >= 8
            else:
                torch.set_num_threads(cpu_cores())
                self._half = self._bfloat16_is_faster()

    @property
    def precision(self) -> str:
        """ "bf16" or "f32"."""
        return "bf16" if self._half else "f32"

    def _bfloat16_is_faster(self) -> bool:
        if not has_bfloat16(self._place):
            return False
        inputs = self._blank()
        seconds = {}
        for half in (True, False):
            self._half = half
            self._draw(inputs, 256)
            start = time.perf_counter()
            self._draw(inputs, 256)
            seconds[half] = time.perf_counter() - start
        return seconds[True] < seconds[False]

    def _blank(self) -> _Inputs:
        zeros = StyleCode.zeros()
        return (
            torch.zeros(1, 256, 256, dtype=torch.uint8, device=self._place),
            torch.eye(2, 3, device=self._place)[None],
            torch.zeros(1, *zeros.regions.shape, device=self._place),
            torch.zeros(1, *zeros.overall.shape, device=self._place),
            torch.zeros(1, *zeros.detail.shape, device=self._place),
            torch.zeros(1, MAP_CHANNELS, HEAD_SIDE, HEAD_SIDE, device=self._place),
        )

    @torch.inference_mode()
    def _draw(self, inputs: _Inputs, size: int) -> Tensor:
        """Inputs as of `draw` -> (size, size, 3) uint8 on the device."""
        labels, to_face, regions, overall, detail, maps = inputs
        with torch.autocast(self._place.type, torch.bfloat16, enabled=self._half, cache_enabled=False):
            planes = one_hot_planes(labels, REGION_COUNT).contiguous(memory_format=torch.channels_last)
            picture = self._net(planes, to_face, Codes(regions, overall, detail), size, maps=maps)[0]
        return picture.float().clamp(-1, 1).mul(127.5).add(128.0).to(torch.uint8).permute(1, 2, 0).contiguous()

    def draw(
        self, condition: MaskCondition, style: StyleCode, size: int, maps: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.uint8]:
        """One face as a fresh (size, size, 3) uint8 array; DeviceError if the graphics card fails."""
        arrays = (condition.labels, condition.to_face, style.regions, style.overall, style.detail)
        with self._lock, _device_errors():
            labels, *rest = (torch.from_numpy(np.array(array))[None].to(self._place) for array in arrays)
            to_face, regions, overall, detail = rest
            planes = torch.from_numpy(condition_maps(maps, condition.guides)).to(self._place)
            inputs = (labels, to_face, regions, overall, detail, planes)
            picture = self._record(size)(inputs) if self.device == "cuda" else self._draw(inputs, size)
            return np.array(picture.cpu().numpy())

    def _record(self, size: int) -> Callable[[_Inputs], Tensor]:
        """The network of a size as a recorded CUDA graph, or as it is where recording does not work."""
        if size not in self._recorded:
            try:
                self._recorded[size] = self._graph(size)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError:
                _log.info("no CUDA graph on this device, drawing without one", exc_info=True)
                self._recorded[size] = lambda inputs: self._draw(inputs, size)
        return self._recorded[size]

    def _graph(self, size: int) -> Callable[[_Inputs], Tensor]:
        inputs = self._blank()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._draw(inputs, size)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = self._draw(inputs, size)

        def replay(given: _Inputs) -> Tensor:
            for kept, new in zip(inputs, given, strict=True):
                kept.copy_(new)
            graph.replay()
            return output

        return replay

    def warm_up(self, size: int) -> None:
        """Nothing has to be compiled here, whatever the size."""

    def close(self) -> None:
        """Forget the recorded graphs and give the graphics card's memory back."""
        with self._lock:
            self._recorded.clear()
            if self._place.type == "cuda":
                self._net.cpu()
                torch.cuda.empty_cache()


class TorchEncoder:
    """The style encoder on "cuda" or "cpu"; arguments and errors as of `TorchBackend`."""

    def __init__(self, weights: Weights, config: Mapping[str, Any], place: str) -> None:
        self._place = torch.device(place)
        with _device_errors():
            net = StyleEncoder(int(config.get("encoder_width", 48)))
            self._net = load_module(net, weights, "mask-guided").to(self._place)

    @torch.inference_mode()
    def encode(self, photo: npt.NDArray[np.uint8], mask: MaskArray, label: str) -> StyleCode:
        """Style code of an aligned photograph (256, 256, 3) uint8 with its mask (256, 256) uint8."""
        with _device_errors():
            pixels = torch.from_numpy(np.array(photo)).to(self._place).permute(2, 0, 1)[None].float()
            small = torch.nn.functional.interpolate(pixels, (_ENCODER_SIDE, _ENCODER_SIDE), mode="area")
            planes = one_hot_planes(torch.from_numpy(np.array(mask))[None].to(self._place), REGION_COUNT)
            to_picture = torch.from_numpy(face_frame(mask))[None].to(self._place)
            codes, _ = self._net(small / 127.5 - 1.0, planes, to_picture)
            regions, overall, detail = (part[0].float().cpu().numpy() for part in codes)
        return StyleCode(regions, overall, detail, label)


class _device_errors:  # noqa: N801 - reads as a statement
    """Turns torch's complaints about the graphics card into `DeviceError`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, torch.OutOfMemoryError):
            raise DeviceError(
                "The graphics card has run out of memory; close other programs that use it or choose the processor."
            ) from error
        if isinstance(error, RuntimeError) and "CUDA" in str(error):
            raise DeviceError(
                "The graphics card does not answer; restart Face Editor or choose the processor."
            ) from error
