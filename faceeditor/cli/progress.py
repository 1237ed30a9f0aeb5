"""Progress on the terminal."""

import sys


def step_line(share: float, text: str) -> None:
    """One line of progress on a terminal's standard error, written over itself."""
    if sys.stderr.isatty():
        print(f"\r{share:4.0%} {text:40.40}", end="\n" if share >= 1.0 else "", file=sys.stderr, flush=True)
