"""`faceeditor bench speed`: the generator, the engine, the window, and a network of StyleGAN2's size next to them."""

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from faceeditor.engine.core import Engine
from faceeditor.engine.devices import Generator, open_mask_guided
from faceeditor.engine.requests import RenderRequest
from faceeditor.errors import EngineError
from faceeditor.evaluation.speed import Subject, Timing, machine, time_in_turn
from faceeditor.generators.devices import cpu_cores, cpu_name, cpu_threads
from faceeditor.generators.openvino_runtime import fastest_precision, latency_settings, load_openvino
from faceeditor.generators.style_prior import StylePrior
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.masks import sample_masks
from faceeditor.portrait.state import PortraitState
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
            engine.render(RenderRequest.of(PortraitState.of(next(masks), style), revision=revision))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            frame = engine.render(RenderRequest.of(PortraitState.of(next(masks), style), revision=len(total)))
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
    # A name of its own keeps the decoder alive until the conversion is done.
    decoder = TorchScriptPythonDecoder(traced, example_input=(latent,))
    model = frontend.convert(frontend.load(decoder))
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


def time_heads(mask: MaskArray, device: str, seconds: float) -> dict[str, Timing]:
    """Time the engine while the head turns: no two frames have the same head.

    Returns:
        timings "head" (the mask moved and the maps drawn), "network" and "request to frame".

    Raises:
        FaceEditorError: the head model or the generator is missing or damaged.
    """
    style = StylePrior.load().draw(1)
    base = HeadCoefficients.neutral()
    state = PortraitState.of(mask, style)
    taken: dict[str, list[float]] = {"head": [], "network": [], "request to frame": []}
    with Engine(device) as engine:
        end: float | None = None
        for step in itertools.count():
            head = base.changed(pose=(35 * math.sin(0.11 * step), 12 * math.sin(0.07 * step), 0.01 * step % 5))
            start = time.perf_counter()
            frame = engine.render(RenderRequest.of(state.with_face(head=head, base_head=base), revision=step))
            if step < 3:  # machine code is loaded, caches are filled
                continue
            end = time.perf_counter() + seconds if end is None else end
            taken["head"].append(frame.timings["head"])
            taken["network"].append(frame.timings["network"])
            taken["request to frame"].append((time.perf_counter() - start) * 1e3)
            if time.perf_counter() > end:
                break
    return {name: Timing.of(values) for name, values in taken.items()}


WindowBench = Callable[..., dict[str, Any]]
"""Runs the window's benchmark with its arguments ("stroke", "slider" or "startup" and options); returns its result."""


def stroke_section(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of the window while somebody paints."""
    return {
        "mouse event to painted face": Timing.of(result["latency"]).as_dict(),
        "network": Timing.of(result["network"]).as_dict(),
        "inside of a mouse event": Timing.of(result["handler"]).as_dict(),
        **_window_section(result),
    }


def slider_section(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of the window while somebody drags the head's sliders."""
    groups = {f"  of them {group}": Timing.of(values).as_dict() for group, values in result["latency by group"].items()}
    return {
        "slider event to painted face": Timing.of(result["latency"]).as_dict(),
        **groups,
        "mask moved and maps drawn": Timing.of(result["head"]).as_dict(),
        "network": Timing.of(result["network"]).as_dict(),
        "display (frame to painted)": Timing.of(result["display"]).as_dict(),
        "inside of a slider event": Timing.of(result["handler"]).as_dict(),
        "sliders ready after (s)": round(result["head ready"], 1),
        **_window_section(result),
    }


def _window_section(result: dict[str, Any]) -> dict[str, float]:
    return {
        "longest block of the window": round(result["longest block"], 1),
        "frames a second": round(result["frames per second"], 1),
        "memory (MiB)": round(result["memory MiB"], 0),
    }


def speed_figures(device: str, seconds: float, reference: bool, window: WindowBench | None) -> dict[str, Any]:
    """All figures as sections by title (see `evaluation.speed.table`).

    Args:
        device: the engine's device.
        seconds: time for all measurements together, loading not counted.
        reference: time the network of StyleGAN2's size as well.
        window: measures the window; None leaves it out.

    Raises:
        FaceEditorError: the model pack is missing, or the device or the window does not work.
    """
    figures: dict[str, Any] = {}
    if window is not None:
        startup = [window("startup", "--device", device) for _ in range(3)]
        figures["Start-up (seconds from the start of the process)"] = {
            "window on screen": round(statistics.median(run["window"] for run in startup), 2),
            "first face": round(statistics.median(run["first face"] for run in startup), 2),
        }
        while_moving = ("--device", device, "--seconds", str(max(2.0, seconds / 4)))
        figures["Window while painting, 125 mouse events a second (ms)"] = stroke_section(
            window("stroke", *while_moving)
        )
        title = "Window while sliders of the head are dragged, 125 events a second (ms)"
        figures[title] = slider_section(window("slider", *while_moving))
    mask = sample_masks()[0].read()
    name, engine = time_engine(mask, device, max(0.5, seconds / 12))
    figures[f"Engine on {name} (ms)"] = {title: timing.as_dict() for title, timing in engine.items()}
    turning = time_heads(mask, name, max(0.5, seconds / 12))
    figures[f"Engine on {name}, the head turning (ms)"] = {title: timing.as_dict() for title, timing in turning.items()}
    style = StylePrior.load().draw(1)
    cpu = tuple(dict.fromkeys((name, "openvino-cpu", "torch-cpu")))
    subjects = generator_subjects(mask, style, cpu)
    own = next(iter(subjects))
    if reference:
        subjects.update(reference_subjects())
    timed = time_in_turn(subjects, max(1.0, seconds / 3))
    section: dict[str, Any] = {title: timing.as_dict() for title, timing in timed.items()}
    figures["Networks in turn, 256 x 256 (ms)"] = section
    if reference:
        figures["Rate against the network of StyleGAN2's size"] = {
            f"{own} : {title}": f"{timing.median / timed[own].median:.1f} x"
            for title, timing in timed.items()
            if title.startswith("StyleGAN2")
        }
    figures["Machine"] = {"processor": cpu_name(), **machine()}
    return figures
