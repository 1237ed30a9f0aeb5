"""How large a picture may be: in pixels, and in the memory that decoding it takes."""

import contextlib
import sys
from pathlib import Path

from faceeditor.errors import ImageError

MAX_MEGAPIXELS = 120
"""Largest picture that is decoded, in megapixels."""

BYTES_PER_PIXEL = 12
"""Memory that decoding takes at most, in bytes per pixel, beside the file itself."""

_RESERVE = 64 * 2**20  # left to the rest of the program


def check_size(name: str, width: int, height: int) -> None:
    """Refuse a picture that is too large, by what its header says.

    Raises:
        ImageError: it has more than `MAX_MEGAPIXELS`, or decoding it would not fit into the free memory.
    """
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise too_large(name, width * height / 1e6, f" ({width} x {height})")
    free = free_memory()
    if free is not None and width * height * BYTES_PER_PIXEL + _RESERVE > free and width * height > 1_000_000:
        raise out_of_memory(name, width, height)


def too_large(name: str, megapixels: float, size: str = "") -> ImageError:
    """The sentence for a picture over the limit of pixels."""
    return ImageError(
        f"“{name}” has {megapixels:,.0f} megapixels{size}, more than the {MAX_MEGAPIXELS} that can be opened; "
        "make it smaller in an image program first."
    )


def out_of_memory(name: str, width: int, height: int) -> ImageError:
    """The sentence for a picture that does not fit into the free memory."""
    return ImageError(
        f"“{name}” ({width} x {height}) does not fit into the free memory; close other programs and retry, "
        "or make it smaller in an image program first."
    )


def free_memory() -> int | None:
    """Bytes that this process may still take: the system's free memory or its own limit, None where unknown."""
    found: list[int] = []
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, ValueError, StopIteration, IndexError):
            lines = Path("/proc/meminfo").read_text().splitlines()
            found.append(int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024)
        with contextlib.suppress(OSError, ValueError, StopIteration, IndexError, ImportError):
            import resource

            limit = resource.getrlimit(resource.RLIMIT_AS)[0]
            if limit != resource.RLIM_INFINITY:
                pages = int(Path("/proc/self/statm").read_text().split()[0])
                found.append(limit - pages * resource.getpagesize())
    return max(0, min(found)) if found else None
