"""Facts about the machine that the choice of a device depends on, without loading torch or OpenVINO."""

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path

import psutil

from faceeditor.errors import EngineError

_MAX_THREADS = 8
"""The network is small: more threads cost more in waiting for each other than they bring."""


class DeviceError(EngineError):
    """The device failed and not the request: the engine goes on with another device."""


def cpu_cores() -> int:
    """Physical cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def cpu_threads() -> int:
    """Threads for the network, at most eight.

    On one or two cores one thread more than there are cores: the window works on the same cores, and the network's
    equal shares then wait less for the core that the window keeps busy (95 % of the frames within 16 ms and not 22
    while painting, at no cost when nothing else runs).
    The environment variable FACEEDITOR_THREADS overrides it: workers that run side by side take one thread each.
    """
    override = os.environ.get("FACEEDITOR_THREADS", "")
    if override.isdigit() and int(override) > 0:
        return int(override)
    cores = cpu_cores()
    return min(cores + 1 if cores <= 2 else cores, _MAX_THREADS)


def cpu_name() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def installed_version(package: str) -> str:
    """Version of an installed package, empty if it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def cuda_possible() -> bool:
    """Whether it is worth loading torch to ask it for a graphics card.

    False where torch is built for CPUs only or the machine has no driver of a card that torch could use.
    """
    version = installed_version("torch")
    if not version or version.endswith("+cpu") or platform.system() == "Darwin":
        return False
    if platform.system() == "Windows":
        return (Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll").exists()
    drivers = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    return shutil.which("nvidia-smi") is not None or any(Path(place).exists() for place in drivers)
