"""Measures the generator on its devices and the engine around it, for `faceeditor bench speed`."""

import itertools
import time
from collections.abc import Iterator

import numpy as np

from faceeditor.engine.core import Engine
from faceeditor.engine.devices import Generator, open_mask_guided
from faceeditor.engine.requests import RenderRequest
from faceeditor.errors import EngineError
from faceeditor.evaluation.speed import Subject, Timing
from faceeditor.generators.devices import cpu_cores, cpu_threads
from faceeditor.generators.openvino_runtime import fastest_precision, latency_settings, load_openvino
from faceeditor.generators.style_prior import StylePrior
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import MaskArray, Region


def brushed(mask: MaskArray) -> Iterator[MaskArray]:
    """Endless copies of a mask, each with another dab of hair: no two frames are the same."""
    for step in itertools.count():
        painted = mask.copy()
        left, top = 20 + step * 7 % 200, 20 + step * 13 // 200 * 7 % 200
        painted[top : top + 12, left : left + 12] = Region.HAIR if step % 2 else Region.HAT
        painted[0, 0] = step % 19
        yield painted


def _drawing(generator: Generator, masks: Iterator[MaskArray], style: StyleCode) -> Subject:
    return lambda: generator.render(next(masks), style)


def generator_subjects(mask: MaskArray, style: StyleCode, devices: tuple[str, ...]) -> dict[str, Subject]:
    """The generator on each device that works, drawing another mask every time."""
    subjects: dict[str, Subject] = {}
    for device in devices:
        try:
            generator = open_mask_guided(device)
        except EngineError:
            continue
        precision = getattr(generator, "precision", "")
        subjects[f"mask-guided, {device} {precision}"] = _drawing(generator, brushed(mask), style)
    return subjects


def time_engine(mask: MaskArray, device: str, seconds: float) -> tuple[str, dict[str, Timing]]:
    """Time the engine from a request to its frame.

    Returns:
        the device, and timings "network" and "request to frame".
    """
    style = StylePrior.load().draw(1)
    network: list[float] = []
    total: list[float] = []
    with Engine(device) as engine:
        masks = brushed(mask)
        for revision in range(3):
            engine.render(RenderRequest(revision, next(masks), style))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            frame = engine.render(RenderRequest(len(total), next(masks), style))
            total.append((time.perf_counter() - start) * 1e3)
            network.append(frame.timings["network"])
        name = engine.status.device
    return name, {"network": Timing.of(network), "request to frame": Timing.of(total)}


def reference_subjects() -> dict[str, Subject]:
    """The network of StyleGAN2's size on the CPU: as torch runs it, and through OpenVINO in its fastest precision."""
    openvino = load_openvino()
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    from faceeditor.nets.stylegan2_reference import LATENT, StyleGan2Reference

    torch.manual_seed(0)
    torch.set_num_threads(cpu_cores())
    net = StyleGan2Reference().eval().requires_grad_(False)
    latent = torch.randn(1, LATENT)
    with torch.inference_mode():
        traced = torch.jit.trace(net, latent, check_trace=False)
    frontend = FrontEndManager().load_by_framework("pytorch")
    model = frontend.convert(frontend.load(TorchScriptPythonDecoder(traced, example_input=(latent,))))
    model.reshape([1, LATENT])
    core = openvino.Core()
    precision = fastest_precision(core)
    request = core.compile_model(model, "CPU", latency_settings(cpu_threads(), precision)).create_infer_request()
    random = np.random.default_rng(0)

    def eager() -> object:
        with torch.inference_mode():
            return net(torch.randn(1, LATENT))

    def compiled() -> object:
        return request.infer([random.standard_normal((1, LATENT)).astype(np.float32)])

    return {"StyleGAN2 size, torch-cpu f32": eager, f"StyleGAN2 size, openvino-cpu {precision}": compiled}
