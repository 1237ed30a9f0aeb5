"""Where machine code is kept."""

import os
from pathlib import Path

import numba
import pytest

from faceeditor.head import jit


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")


def test_beside_the_sources_where_they_can_be_written(settings: None) -> None:
    assert jit._place_for_code()
    assert not os.environ["NUMBA_CACHE_DIR"]


def test_in_the_cache_folder_of_an_installed_program(
    settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = str(Path(jit.__file__).parent)
    writable = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(package) and writable(path, mode))
    monkeypatch.setenv("FACEEDITOR_CACHE", str(tmp_path))
    assert jit._place_for_code()
    assert os.environ["NUMBA_CACHE_DIR"] == numba.config.CACHE_DIR == str(tmp_path / "numba")


def test_nowhere_if_nothing_can_be_written(settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert not jit._place_for_code()


def test_a_compiled_function_computes_and_keeps_nan() -> None:
    def half(x: float) -> float:
        return x / 2

    compiled = jit.compiled(half)
    assert compiled(3.0) == 1.5
    assert compiled(float("nan")) != compiled(float("nan"))
