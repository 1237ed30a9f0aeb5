"""Worker processes that end with the process that started them."""

import multiprocessing
import os
import signal
import threading

THREADS = "FACEEDITOR_THREADS"
"""Environment variable with the number of threads that networks take."""


def begin_worker(threads: int | None = None) -> None:
    """Prepare a process of a pool; its initializer calls this first.

    Ctrl+C is left to the process that started it. If that one is killed, the worker ends as well: it would wait for
    work for ever.

    Args:
        threads: that its networks take; None: as many as without a pool.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if threads is not None:
        os.environ[THREADS] = str(threads)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), name="parent-watch", daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
