"""Fixtures of the benchmarks' tests."""

from pathlib import Path

import pytest

from tests.generators import tiny


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with small random packs."""
    folder = tmp_path_factory.mktemp("models")
    tiny.write_mask_guided(folder)
    return folder
