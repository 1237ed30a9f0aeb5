"""Fixtures of the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faceeditor.engine import Engine
from tests.engine.fakes import FakeGenerator


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tmp_path / "no models"))


@pytest.fixture
def fake() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
def engine(fake: FakeGenerator) -> Iterator[Engine]:
    """A started engine around the fake generator."""
    with Engine("openvino-cpu", opener=lambda device: fake) as engine:
        yield engine
    fake.go_on.set()
