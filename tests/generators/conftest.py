"""Fixtures of the generators' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faceeditor.packs import ModelPack
from tests.generators import tiny


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with small random packs."""
    folder = tmp_path_factory.mktemp("models")
    tiny.write_mask_guided(folder)
    return folder


@pytest.fixture
def tiny_pack(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelPack]:
    """The small mask-guided pack, where the program finds it."""
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    yield ModelPack.open("mask-guided")
