"""The end of the process: threads that are deep in a network are not waited for.

A daemon thread that returns from torch or OpenVINO while the interpreter is being torn down aborts the process
(SIGABRT). So if such threads are left when everything else is done, the process leaves at once, with its exit code.
"""

import atexit
import contextlib
import logging
import os
import sys
import threading

_code: int | None = None


def note_exit_code(code: int) -> int:
    """Keep the code with which the process is about to exit; returns it."""
    global _code
    _code = code
    return code


def leave_if_threads_are_left() -> None:
    """End the process here if other threads are still running; called as the last exit handler."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and thread.daemon]
    if not others or threading.current_thread() is not threading.main_thread():
        return
    code = _code if _code is not None else int(getattr(sys, "last_type", None) is not None)
    with contextlib.suppress(Exception):
        logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


# Handlers run in the reverse order of their registration: this one is the last if the module is imported first.
atexit.register(leave_if_threads_are_left)
