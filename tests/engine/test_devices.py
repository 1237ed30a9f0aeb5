"""The choice of device is measured once and remembered."""

import json
from pathlib import Path

import pytest

from faceeditor.engine import devices
from faceeditor.engine.devices import open_device
from faceeditor.errors import EngineError
from faceeditor.generators.devices import DeviceError
from faceeditor.paths import cache_dir
from tests.engine.fakes import FakeGenerator


class Shop:
    """Opens fake generators and notes which."""

    def __init__(self, broken: tuple[str, ...] = (), **milliseconds: float) -> None:
        self.broken = broken
        self.milliseconds = milliseconds
        self.opened: list[str] = []
        self.made: dict[str, FakeGenerator] = {}

    def __call__(self, device: str) -> FakeGenerator:
        self.opened.append(device)
        if device in self.broken:
            raise DeviceError(f"{device} is broken.")
        self.made[device] = FakeGenerator(device, milliseconds=self.milliseconds.get(device.split("-")[0], 10.0))
        return self.made[device]


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch, tiny_models: Path) -> None:
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    monkeypatch.setattr(devices, "cuda_possible", lambda: False)


@pytest.mark.usefixtures("no_card")
def test_fast_openvino_is_taken_without_loading_torch_and_remembered() -> None:
    shop = Shop(openvino=20.0)
    assert open_device("auto", shop).generator.device == "openvino-cpu"
    assert shop.opened == ["openvino-cpu"]
    assert json.loads((cache_dir() / "device.json").read_text())["milliseconds"] == 20.0
    choice = open_device("auto", again := Shop(openvino=99.0))
    assert again.opened == ["openvino-cpu"] and choice.milliseconds == 20.0


@pytest.mark.usefixtures("no_card")
def test_slow_openvino_is_compared_with_torch() -> None:
    shop = Shop(openvino=90.0, torch=60.0)
    assert open_device("auto", shop).generator.device == "torch-cpu"
    assert shop.made["openvino-cpu"].closed and not shop.made["torch-cpu"].closed
    assert open_device("auto", again := Shop()).generator.device == "torch-cpu"
    assert again.opened == ["torch-cpu"]


@pytest.mark.usefixtures("no_card")
def test_slower_torch_is_closed_again() -> None:
    shop = Shop(openvino=60.0, torch=90.0)
    assert open_device("auto", shop).generator.device == "openvino-cpu"
    assert shop.made["torch-cpu"].closed and not shop.made["openvino-cpu"].closed


@pytest.mark.usefixtures("no_card")
def test_broken_openvino_leaves_torch() -> None:
    assert open_device("auto", Shop(broken=("openvino-cpu",))).generator.device == "torch-cpu"
    with pytest.raises(EngineError, match="openvino-cpu is broken"):
        open_device("auto", Shop(broken=("openvino-cpu", "torch-cpu")))


@pytest.mark.usefixtures("no_card")
def test_damaged_or_foreign_memory_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    open_device("auto", Shop(openvino=90.0, torch=60.0))
    monkeypatch.setattr(devices, "cpu_name", lambda: "another processor")
    assert open_device("auto", shop := Shop()).generator.device == "openvino-cpu"
    assert shop.opened == ["openvino-cpu"]
    (cache_dir() / "device.json").write_text('{"device": 5')
    assert open_device("auto", Shop()).generator.device == "openvino-cpu"


@pytest.mark.usefixtures("no_card")
def test_remembered_device_that_broke_is_measured_anew() -> None:
    open_device("auto", Shop(openvino=90.0, torch=60.0))
    assert open_device("auto", Shop(broken=("torch-cpu",))).generator.device == "openvino-cpu"


def test_graphics_card_goes_first_unless_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_possible", lambda: True)
    assert open_device("auto", Shop()).generator.device == "cuda"
    assert open_device("auto", Shop(), graphics_card=False).generator.device == "openvino-cpu"
    assert open_device("auto", Shop(broken=("cuda",))).generator.device == "openvino-cpu"


def test_a_named_device_is_taken_or_refused() -> None:
    assert open_device("torch-cpu", shop := Shop()).generator.device == "torch-cpu"
    assert shop.opened == ["torch-cpu"]
    with pytest.raises(EngineError, match="cuda is broken"):
        open_device("cuda", Shop(broken=("cuda",)))
