"""Stages, their keys and the bounded cache."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from faceeditor.engine.pipeline import ByIdentity, Pipeline, Run, Stage, StageCache, key_of
from faceeditor.engine.requests import Output
from faceeditor.engine.stages import DEVICE_STAGES, READERS, STAGES
from faceeditor.portrait.head import HeadCoefficients


def pipeline(made: list[str]) -> Pipeline:
    """Two parts, a stage for each, and one that adds them."""

    def noting(name: str, work: Callable[..., float]) -> Callable[..., float]:
        def make(_: object, *values: float) -> float:
            made.append(name)
            return work(*values)

        return make

    stages = (
        Stage("double a", ("a",), (), noting("double a", lambda a: 2 * a), for_jobs=True),
        Stage("double b", ("b",), (), noting("double b", lambda b: 2 * b)),
        Stage("sum", (), ("double a", "double b"), noting("sum", lambda a, b: a + b)),
    )
    readers: dict[str, Callable[[Any], Any]] = {"a": lambda request: request[0], "b": lambda request: request[1]}
    return Pipeline(stages, readers, None)


def test_a_stage_is_made_again_only_for_other_inputs() -> None:
    made: list[str] = []
    line = pipeline(made)
    assert Run(line, (1, 2))["sum"] == 6 and made == ["double a", "double b", "sum"]
    made.clear()
    assert Run(line, (1, 2))["sum"] == 6 and made == []
    assert Run(line, (1, 3))["sum"] == 8 and made == ["double b", "sum"]
    line.cache.clear(("sum",))
    made.clear()
    run = Run(line, (1, 3))
    assert run["sum"] == 8 and made == ["sum"] and set(run.milliseconds) == {"sum"}


def test_jobs_use_what_is_remembered_and_add_what_they_may() -> None:
    made: list[str] = []
    line = pipeline(made)
    assert Run(line, (1, 2), for_job=True)["sum"] == 6
    made.clear()
    assert Run(line, (1, 2))["sum"] == 6
    assert made == ["double b", "sum"]


def test_the_cache_is_bounded_in_bytes() -> None:
    cache = StageCache(limit=10_000)
    for number in range(20):
        cache.put(("stage", number), np.zeros(1000, np.uint8))
        cache.get(("stage", 0))
        assert cache.info.used <= 10_000
    assert cache.get(("stage", 0))[1], "what is asked for stays"
    assert cache.info.values == 8 and not cache.get(("stage", 1))[1] and cache.get(("stage", 19))[1]
    cache.put(("stage", 99), np.zeros(50_000, np.uint8))
    assert cache.info.values == 1, "a value that is larger than everything is kept until the next one"
    cache.clear()
    assert cache.info.used == 0 and cache.info.values == 0


def test_keys_tell_arrays_by_identity_and_values_by_content() -> None:
    array = np.zeros(3)
    assert key_of(array) == key_of(array) != key_of(array.copy())
    assert key_of(HeadCoefficients.neutral()) == key_of(HeadCoefficients.neutral())
    assert key_of((1, array)) == (1, ByIdentity(array)) and key_of(None) is None
    assert key_of(Output((0, 0, 5, 5))) == key_of(Output((0, 0, 5, 5))) != key_of(Output())


def test_stages_are_declared_before_what_needs_them() -> None:
    with pytest.raises(ValueError, match="before"):
        Pipeline((Stage("late", (), ("early",), lambda _: 0), Stage("early", (), (), lambda _: 0)), {}, None)
    with pytest.raises(ValueError, match="light"):
        Pipeline((Stage("one", ("light",), (), lambda _: 0),), {}, None)
    assert {stage.name for stage in Pipeline(STAGES, READERS, None).stages} >= set(DEVICE_STAGES)
