"""Minutes of painting in the whole window: files and threads stay, and memory grows by what can be undone."""

import gc
import threading
import time

import numpy as np
import psutil

from faceeditor.gui.snapshot import draw_stroke
from faceeditor.regions import Region
from tests.gui.conftest import no_qt_warnings, run  # noqa: F401 - fixtures
from tests.reliability.test_soak import handles


def test_painting_in_the_window_takes_the_memory_of_its_history(run, runs, record_property) -> None:  # noqa: F811
    """Strokes by mouse events for as long as asked for: files, threads and memory stay, but for what can be undone."""
    app = run(remember=True)
    random = np.random.default_rng(3)
    process = psutil.Process()
    seen: list[tuple[float, int, int, int, int]] = []

    def note() -> None:
        gc.collect()
        taken = process.memory_info().rss - app.portrait._history.nbytes
        seen.append(
            (time.monotonic() - start, taken, handles(), threading.active_count(), len(app.portrait.undo_stack))
        )

    seconds, strokes, start = runs(0, 600), 0, time.monotonic()
    while strokes < 60 or time.monotonic() - start < seconds:
        app.window.tools.set_region(Region(int(random.integers(0, 19))))
        app.window.tools.set_size(int(random.integers(4, 60)))
        points = [(float(x), float(y)) for x, y in random.uniform(10, 246, (6, 2))]
        draw_stroke(app.canvas, points, pane=strokes % 2)
        app.settle()
        strokes += 1
        if strokes % 20 == 0:
            note()
    third = len(seen) // 3
    told = [f"{at:.0f} s: {rss >> 20} MiB beside the history, {files} files, {threads} threads, {steps} steps"
            for at, rss, files, threads, steps in (seen[0], seen[third], seen[-1])]  # fmt: skip
    print(f"{strokes} strokes", *told, sep="\n")
    record_property("strokes", strokes)
    assert max(files for _, _, files, _, _ in seen[third:]) <= seen[third][2] + 2
    assert max(threads for _, _, _, threads, _ in seen[third:]) <= seen[third][3] + 1
    assert seen[-1][1] - seen[third][1] < 48 << 20
