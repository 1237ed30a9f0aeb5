"""Figures of speed: statistics, table, and the size of the reference network."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from faceeditor.evaluation.speed import Timing, table, time_in_turn, write_json
from faceeditor.nets.stylegan2_reference import StyledConv, StyleGan2Reference


def test_timing_statistics() -> None:
    timing = Timing.of([10.0] * 94 + [50.0] * 6)
    assert (timing.median, timing.p95, timing.longest, timing.count) == (10.0, 50.0, 50.0, 100)
    assert timing.rate == 100.0
    assert Timing.of([]).rate == 0.0


def test_subjects_run_in_turn() -> None:
    order: list[str] = []
    timed = time_in_turn({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 0.0, warm_up=1)
    assert "".join(order) == "ab" + "ababab"
    assert timed["a"].count == timed["b"].count == 3


def test_table_and_json_show_every_figure(tmp_path: Path) -> None:
    figures = {"Networks": {"ours": Timing.of([20.0]).as_dict()}, "Machine": {"cores": 2, "memory": 1.55}}
    text = table(figures)
    assert text.splitlines()[0] == "Networks"
    ours = next(line for line in text.splitlines() if line.startswith("ours"))
    assert ours.split() == ["ours", "20.0", "20.0", "20.0", "50.0"]
    assert any(line.split() == ["memory", "1.6"] for line in text.splitlines())
    write_json(tmp_path / "speed.json", figures)
    assert json.loads((tmp_path / "speed.json").read_text()) == figures


def test_reference_has_the_published_size() -> None:
    net = StyleGan2Reference().eval()
    parameters = sum(part.numel() for part in net.parameters())
    assert parameters == pytest.approx(24.8e6, rel=0.005)
    macs = 0

    def count(module: StyledConv, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal macs
        pixels = inputs[0].shape[-1] ** 2 if module.up else output.shape[-1] ** 2
        macs += pixels * module.weight.numel()

    for module in net.modules():
        if isinstance(module, StyledConv):
            module.register_forward_hook(count)
    with torch.inference_mode():
        picture = net(torch.randn(1, 512))
    assert picture.shape == (1, 3, 256, 256)
    assert macs == pytest.approx(15.0e9, rel=0.03)


def test_engine_figures_without_window_or_reference(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceeditor.evaluation.speed_bench import speed_figures

    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    asked: list[tuple[str, ...]] = []

    def window(*arguments: str) -> dict[str, Any]:
        asked.append(arguments)
        if arguments[0] == "startup":
            return {"window": 0.5, "first face": 1.0 + len(asked)}
        return {
            "latency": [20.0, 30.0], "network": [10.0], "handler": [0.5], "longest block": 4.0,
            "frames per second": 50.0, "memory MiB": 300.0, "head": [6.0, 8.0], "display": [3.0], "head ready": 4.9,
            "latency by group": {"pose": [31.0], "light": [19.0]},
        }  # fmt: skip

    figures = speed_figures("openvino-cpu", 1.0, False, window)
    assert [arguments[0] for arguments in asked] == ["startup"] * 3 + ["stroke", "slider"]
    start, painting, sliding, engine, turning, networks, machine = figures.values()
    assert start == {"window on screen": 0.5, "first face": 3.0}
    assert painting["mouse event to painted face"]["median_ms"] == 25.0
    assert sliding["slider event to painted face"]["p95_ms"] == 29.5
    assert sliding["mask moved and maps drawn"]["median_ms"] == 7.0 and sliding["frames a second"] == 50.0
    assert sliding["  of them pose"]["median_ms"] == 31.0
    assert engine["request to frame"]["median_ms"] >= engine["network"]["median_ms"] > 0
    assert turning["request to frame"]["median_ms"] >= turning["head"]["median_ms"] > 0
    assert {name.split()[1] for name in networks} == {"openvino-cpu", "torch-cpu"}
    assert machine["cores"] >= 1


@pytest.mark.parametrize("hand", ["stroke", "slider"])
def test_window_bench_times_every_event(hand: str, tiny_models: Path, tmp_path: Path) -> None:
    """The real window in a process of its own, off the screen."""
    environment = {
        **os.environ,
        "FACEEDITOR_MODELS": str(tiny_models),
        "FACEEDITOR_CACHE": str(tmp_path / "cache"),
        "FACEEDITOR_STATE": str(tmp_path / "state"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = [sys.executable, "-m", "faceeditor.gui.bench", hand, "--seconds", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert len(result["latency"]) > 50 and result["unanswered"] == 0
    assert (set(result["latency by group"]) == {"pose"}) == (hand == "slider")
    assert min(result["latency"]) > 0 and result["frames per second"] > 0 and result["memory MiB"] > 50
