"""Fixtures of the generators' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faceeditor.packs import ModelPack


@pytest.fixture
def tiny_pack(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelPack]:
    """The small mask-guided pack, where the program finds it."""
    monkeypatch.setenv("FACEEDITOR_MODELS", str(tiny_models))
    yield ModelPack.open("mask-guided")
