"""The shards of a data set on a Ray cluster: plain tasks that write to a folder which all machines share.

No pixel passes through Ray's object store: a task gets the plan and a number, and gives a number back.
"""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.identity.dataset import Plan
from faceeditor.identity.workers import OnShard, OpenStudio, make_one

RETRIES = 10
"""How often Ray repeats a task whose worker or machine is lost."""
_PATIENCE = 5.0
"""Seconds to wait for a cluster's answer."""


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise FaceEditorError("Ray is not installed; install it with: pip install 'faceeditor[cluster]'.") from None
    return ray


def make_on_ray(
    plan: Plan, folder: Path, shards: Sequence[int], open_studio: OpenStudio, address: str, done: OnShard
) -> None:
    """Make shards on a Ray cluster.

    Args:
        plan, folder: the data set's; the folder is reached by the same path from every machine.
        shards: numbers of those to make.
        open_studio: opens what a worker draws with.
        address: "host:port" of a cluster, "auto" for the one that this machine belongs to, or "" for one on this
            machine alone.
        done: told how many are whole.

    Raises:
        FaceEditorError: Ray is not installed or not reachable, a task fails for good, or as of `make_shard`.
    """
    ray = _ray()
    environment = {"FACEEDITOR_THREADS": "1", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for name in ("FACEEDITOR_MODELS", "FACEEDITOR_GENERATORS", "FACEEDITOR_CACHE", "FACEEDITOR_STATE"):
        if os.environ.get(name):
            environment[name] = os.environ[name]
    _check_reachable(address)
    begun = not ray.is_initialized()
    try:
        if begun:
            ray.init(
                address=address or None,
                runtime_env={"env_vars": environment},
                log_to_driver=False,
                logging_level="ERROR",
                include_dashboard=False if not address else None,
            )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise FaceEditorError(_unreachable(address, error)) from error
    try:
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(_task)
        pending = [task.remote(plan, str(folder.resolve()), shard, open_studio) for shard in shards]
        finished = 0
        while pending:
            ready, pending = ray.wait(pending, num_returns=1)
            for reference in ready:
                problem = ray.get(reference)
                if problem:
                    raise FaceEditorError(problem)
                finished += 1
                done(finished)
    except ray.exceptions.RayError as error:
        raise FaceEditorError(
            f"The Ray cluster failed ({_first_line(error)}); run the same command again: what is there stays usable."
        ) from error
    finally:
        if begun:
            ray.shutdown()


def _check_reachable(address: str) -> None:
    """Refuse an address at which nobody answers: Ray itself tries for minutes before it says so."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        raise FaceEditorError(_unreachable(address, error)) from None


def _unreachable(address: str, error: BaseException) -> str:
    return (
        f"The Ray cluster “{address}” cannot be reached ({_first_line(error)}); start it with “ray start --head”, or "
        "leave the address out to use this machine alone."
    )


def _task(plan: Plan, folder: str, shard: int, open_studio: OpenStudio) -> str:
    """One shard; returns a sentence if it cannot be made."""
    try:
        make_one(plan, Path(folder), shard, open_studio)
    except Cancelled:
        raise
    except FaceEditorError as error:
        return str(error)
    return ""


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
