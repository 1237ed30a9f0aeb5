"""Measures the real window: from the mouse event to the painted face, and from the start to the first face.

    python -m faceeditor.gui.bench stroke --seconds 8      prints one JSON object
    python -m faceeditor.gui.bench slider --seconds 8
    python -m faceeditor.gui.bench startup

`faceeditor bench speed` runs them in processes of their own, so that memory and start-up are the window's alone.
Without a display the window is made off the screen.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import psutil

_SETTLE_SECONDS = 2.0
_TIMEOUT = 180.0


def _since_start() -> float:
    """Seconds since this process was created."""
    return time.time() - psutil.Process().create_time()


def _open_program(device: str) -> Any:
    """The program with a visible window; its first face is not there yet."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from faceeditor.engine import Engine
    from faceeditor.gui.app import Program, application

    application()
    program = Program(Engine(device), remember=False)
    program.window.resize(1440, 900)
    return program


def _close(program: Any) -> None:
    program.session.end_open_work()
    program.session.portrait.mark_saved()
    program.window.close()
    program.window.shut_down()


def measure_startup(device: str = "auto") -> dict[str, float]:
    """Seconds from the start of the process to the window on screen and to the first face painted in it."""
    from faceeditor.gui.bench_input import watch_paint
    from faceeditor.gui.snapshot import pump

    times: dict[str, float] = {}
    holder: list[Any] = []

    def after() -> None:
        times.setdefault("window", _since_start())
        if holder and holder[0].session.frame is not None:
            times.setdefault("first face", _since_start())

    watch_paint(after)
    program = _open_program(device)
    holder.append(program)
    program.window.show()
    pump(lambda: "window" in times, _TIMEOUT)
    program.start()
    pump(lambda: "first face" in times, _TIMEOUT)
    _close(program)
    return times


def measure_hand(what: str, device: str = "auto", seconds: float = 8.0) -> dict[str, Any]:
    """Paint, or drag sliders of the head, for a while.

    Args:
        what: "stroke" or "slider".
        device: the engine's device.
        seconds: duration of the simulated input.

    Returns:
        device; lists of milliseconds: "latency" (mouse event -> face painted), "handler" (inside of the mouse event),
        "display" (frame in the window's thread -> painted), "network", "head" (mask moved and maps drawn); "latency by
        group" where sliders are dragged; "frames per second"; "longest block" of the GUI thread in milliseconds;
        memory in MiB; "unanswered" events; "head ready": seconds from the start of the process to sliders that move.
    """
    from PySide6.QtCore import QEventLoop

    from faceeditor.gui.bench_input import EventBench, SliderBench, StrokeBench, watch_paint
    from faceeditor.gui.snapshot import pump

    holder: list[EventBench] = []
    watch_paint(lambda: holder[0].painted() if holder else None)
    program = _open_program(device)
    program.window.show()
    program.start()
    try:
        if not pump(lambda: program.session.up_to_date, _TIMEOUT):
            message = program.bridge.engine.status.message
            raise SystemExit(f"no face came within {_TIMEOUT:.0f} seconds: {message}")
        # The head is loaded and read right after the first face; that takes the processor from everything else.
        if not pump(lambda: program.heads.ready, _TIMEOUT):
            raise SystemExit(f"the head was not ready within {_TIMEOUT:.0f} seconds")
        ready = _since_start()
        if what == "slider":
            SliderBench.warm_up(program)
        pump(lambda: False, _SETTLE_SECONDS)
        bench = (SliderBench if what == "slider" else StrokeBench)(program, seconds)
        holder.append(bench)
        # A real event loop, not a polling one, whose sleep would count as a block.
        loop = QEventLoop()
        bench.done.append(loop.quit)
        loop.exec()
        pump(lambda: not bench.pending, 20.0)
        memory = psutil.Process().memory_info().rss / 2**20
        device = program.bridge.engine.status.device
        return {"device": device, **bench.figures(), "memory MiB": memory, "head ready": round(ready, 2)}
    finally:
        _close(program)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure one thing and print it as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("stroke", "slider", "startup"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=8.0)
    args = parser.parse_args(argv)
    if args.what == "startup":
        result: dict[str, Any] = measure_startup(args.device)
    else:
        result = measure_hand(args.what, args.device, args.seconds)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
