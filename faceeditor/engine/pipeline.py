"""Stages with declared inputs, and the one cache of what they made.

A stage names the parts of the request that it reads and the earlier stages that it needs; these values are its cache
key. They are compared by identity (arrays) or by their content hash (`key`), so that nothing is hashed that was not
hashed before, and a part of the state that no edit touched keeps everything alive that was made from it alone.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CACHE_LIMIT = 128 << 20
"""Bytes that the values of all stages may take together."""


class ByIdentity:
    """A key that equals another one only if both hold the very same object, which it keeps alive."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and other.value is self.value


class ComparedByValue:
    """Base of small immutable values that are hashed and compared by their content."""


def key_of(value: Any) -> Hashable:
    """What a value is recognised by: itself where it is compared by value, its content hash `key`, or its identity."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    key = getattr(value, "key", None)
    if isinstance(key, str | bytes):
        return type(value), key
    if isinstance(value, tuple):
        return tuple(key_of(each) for each in value)
    return value if isinstance(value, ComparedByValue) else ByIdentity(value)


def size_of(value: Any) -> int:
    """Bytes that a value takes, roughly."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes) + 128
    if isinstance(value, tuple | list):
        return sum(size_of(each) for each in value)
    size = getattr(value, "nbytes", 0)
    return int(size) + 128 if isinstance(size, int) else 128


@dataclass(frozen=True)
class CacheInfo:
    """How full the engine's cache is: bytes in use, the bytes that it may use, and the number of values."""

    used: int = 0
    limit: int = CACHE_LIMIT
    values: int = 0


class StageCache:
    """Values by stage and key, bounded in bytes; those that were asked for longest ago go first. Thread-safe.

    Args:
        limit: bytes that all values may take together.
    """

    def __init__(self, limit: int = CACHE_LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._used = 0

    @property
    def info(self) -> CacheInfo:
        """How full it is."""
        with self._lock:
            return CacheInfo(self._used, self._limit, len(self._values))

    def get(self, key: Hashable) -> tuple[Any, bool]:
        """The value of a key and True; (None, False) if it is not there."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None, False
            self._values.move_to_end(key)
            return found[0], True

    def put(self, key: Hashable, value: Any) -> None:
        """Remember a value."""
        size = size_of(value)
        with self._lock:
            old = self._values.pop(key, None)
            self._used += size - (old[1] if old is not None else 0)
            self._values[key] = value, size
            while self._used > self._limit and len(self._values) > 1:
                _, (_, gone) = self._values.popitem(last=False)
                self._used -= gone

    def clear(self, stages: Sequence[str] = ()) -> None:
        """Forget everything, or what some stages made."""
        with self._lock:
            for key in list(self._values):
                if not stages or (isinstance(key, tuple) and key[0] in stages):
                    self._used -= self._values.pop(key)[1]


@dataclass(frozen=True)
class Stage:
    """One step from a request to its pixels.

    Attributes:
        name: of the stage and of what it makes.
        reads: names of the parts of the request that it reads (`Pipeline.readers`).
        needs: names of the earlier stages whose values it takes.
        make: (resources, *parts read, *values needed) -> value. Arrays that it returns are never written again.
        remembered: keep the value; off where it costs less to make than to look up.
        for_jobs: keep the value when a background job asked for it, too. Pictures of a long video would push out what
            the window will ask for next.
    """

    name: str
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    make: Callable[..., Any]
    remembered: bool = True
    for_jobs: bool = False


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A declared list of stages around one cache.

    Attributes:
        stages: in an order in which every stage comes after those that it needs.
        readers: parts of a request by name.
        resources: what the stages work with; handed to each of them.
        cache: what they made.
    """

    stages: tuple[Stage, ...]
    readers: Mapping[str, Callable[[Any], Any]]
    resources: Any
    cache: StageCache = field(default_factory=StageCache)

    def __post_init__(self) -> None:
        known: set[str] = set()
        for stage in self.stages:
            missing = (set(stage.needs) - known) | (set(stage.reads) - set(self.readers))
            if missing or stage.name in known:
                raise ValueError(f"the stage “{stage.name}” is declared twice or before what it needs: {missing}")
            known.add(stage.name)
        object.__setattr__(self, "_by_name", {stage.name: stage for stage in self.stages})

    def stage(self, name: str) -> Stage:
        """A stage by its name."""
        found: Stage = self._by_name[name]  # type: ignore[attr-defined]
        return found


class Run:
    """One request on its way through a pipeline: what was made so far, and how long it took.

    Two threads may ask it for values, as long as no stage is made by both.

    Args:
        pipeline: the stages.
        request: what is drawn; handed to the readers.
        for_job: a background job asked for it.
    """

    def __init__(self, pipeline: Pipeline, request: Any, for_job: bool = False) -> None:
        self.pipeline = pipeline
        self.request = request
        self.milliseconds: dict[str, float] = {}
        self._for_job = for_job
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The value of a stage, made with all that it needs unless it is remembered."""
        if name in self._values:
            return self._values[name]
        pipeline, stage = self.pipeline, self.pipeline.stage(name)
        inputs = self._inputs(stage)
        key = (name, *map(key_of, inputs)) if stage.remembered else None
        value, known = pipeline.cache.get(key) if key is not None else (None, False)
        if not known:
            start = time.perf_counter()
            value = stage.make(pipeline.resources, *inputs)
            self.milliseconds[name] = (time.perf_counter() - start) * 1e3
            if key is not None and (stage.for_jobs or not self._for_job):
                pipeline.cache.put(key, value)
        self._values[name] = value
        return value

    def knows(self, name: str) -> bool:
        """Whether a stage that needs no remembered stage is in memory."""
        pipeline, stage = self.pipeline, self.pipeline.stage(name)
        inputs = self._inputs(stage)
        return pipeline.cache.get((name, *map(key_of, inputs)))[1]

    def _inputs(self, stage: Stage) -> list[Any]:
        """The parts that a stage reads, and the values that it needs."""
        parts = [self.pipeline.readers[part](self.request) for part in stage.reads]
        return parts + [self[need] for need in stage.needs]
