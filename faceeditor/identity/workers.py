"""Workers that make the shards of a data set: this process, several processes, or (in `cluster`) a Ray cluster."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from faceeditor.errors import FaceEditorError
from faceeditor.identity.dataset import Plan, missing_shards
from faceeditor.identity.shards import Studio, make_shard
from faceeditor.processes import THREADS, begin_worker

OpenStudio = Callable[[Plan, Path], Studio]
"""Opens what a worker draws with; can be pickled. The engine has one (`engine.studio.open_studio`)."""
OnShard = Callable[[int], None]
"""Called with the number of shards that are whole."""

MOST_BREAKS = 5
"""Breakdowns of workers in a row, without a shard between them, after which the work is given up."""

_studios: dict[tuple[Plan, str], Studio] = {}


def make_here(plan: Plan, folder: Path, shards: Sequence[int], open_studio: OpenStudio, done: OnShard) -> None:
    """Make shards in this process, one after the other; errors as of `make_shard`."""
    threads = os.environ.get(THREADS)
    os.environ[THREADS] = "1"  # as many as every other worker has: sums may differ otherwise
    try:
        studio = open_studio(plan, folder)
        try:
            for count, shard in enumerate(shards, 1):
                make_shard(plan, folder, shard, studio)
                done(count)
        finally:
            studio.close()
    finally:
        if threads is None:
            del os.environ[THREADS]
        else:
            os.environ[THREADS] = threads


def make_in_processes(
    plan: Plan, folder: Path, shards: Sequence[int], open_studio: OpenStudio, workers: int, done: OnShard
) -> None:
    """Make shards in several processes; one that is killed is replaced, and its shard made again.

    Raises:
        FaceEditorError: as of `make_shard`, or workers break down again and again.
    """
    breaks, finished = 0, 0
    left = list(shards)
    while left:
        executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), begin_worker, (1,))
        try:
            tasks = {executor.submit(make_one, plan, folder, shard, open_studio): shard for shard in left}
            pending: set[Future[None]] = set(tasks)
            while pending:
                ready, pending = wait(pending, return_when=FIRST_COMPLETED)
                for task in ready:
                    task.result()
                    finished, breaks = finished + 1, 0
                    done(finished)
            left = []
        except BrokenProcessPool:
            breaks += 1
            left = [shard for shard in missing_shards(folder, plan) if shard in set(shards)]
            finished = len(shards) - len(left)
            if breaks >= MOST_BREAKS:
                raise FaceEditorError(
                    f"The workers ended {breaks} times before they had finished anything (not enough memory?); use "
                    "fewer --workers. What is there stays usable."
                ) from None
        finally:
            for process in list((executor._processes or {}).values()):
                process.terminate()
            executor.shutdown(wait=True, cancel_futures=True)


def make_one(plan: Plan, folder: Path, shard: int, open_studio: OpenStudio) -> None:
    """Make one shard in a worker; what it draws with is opened once per process."""
    key = (plan, str(folder))
    if key not in _studios:
        _studios[key] = open_studio(plan, folder)
    make_shard(plan, folder, shard, _studios[key])
