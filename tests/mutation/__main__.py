"""Mutation test: put small faults into functions, one at a time, and see whether a test fails.

    python -m tests.mutation faceeditor/regions.py --tests tests/test_regions.py tests/portrait

The tests are collected once and run once to see which of them reach which lines. For every fault the process forks,
exchanges the code of the function, and runs the tests that reach its line, the quickest first, until one fails. What
runs when a module is imported is not looked at. Written are the faults that no test sees (`survived`), and those in
lines that no test reaches (`uncovered`). POSIX only.
"""

import argparse
import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
import types
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.mutants import Mutant, mutants_of

Reached = dict[str, tuple[float, dict[str, set[int]]]]
"""By test: seconds of processor time, and the lines that it reaches by file."""


class MutationTest:
    """A plugin of pytest that runs mutants in place of the tests."""

    def __init__(self, paths: list[Path], share: float, slow: float) -> None:
        self.sources = {str(path.resolve()): path for path in paths}
        self.share, self.slow = share, slow
        self.is_mutant = False
        self.failed = False
        self.score = {"killed": 0, "survived": 0, "uncovered": 0}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed
        if self.is_mutant and report.failed:
            os._exit(1)  # waiting for what the test left behind would take longer than the test

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        reached = self._reached(items)
        codes: dict[tuple[str, str, int], list[types.FunctionType]] = {}
        for function in gc.get_objects():
            if isinstance(function, types.FunctionType) and function.__code__.co_filename in self.sources:
                codes.setdefault(_name_of(function.__code__), []).append(function)
        gc.freeze()  # so that the children share the memory
        for full, path in self.sources.items():
            source = path.read_text()
            plain = dict(_inner(compile(source, full, "exec")))
            for mutant in mutants_of(source, self.share):
                tests = sorted(
                    (seconds, test) for test, (seconds, lines) in reached.items() if mutant.line in lines[full]
                )
                quick = [test for seconds, test in tests if seconds <= self.slow] or [test for _, test in tests[:2]]
                outcome = "uncovered"
                if quick:
                    changed = dict(_inner(compile(mutant.tree(source), full, "exec")))
                    exchanged = [
                        (function, code)
                        for name, code in changed.items()
                        if code != plain.get(name)
                        for function in codes.get(name, ())
                        if len(code.co_freevars) == len(function.__code__.co_freevars)
                    ]
                    limit = 30 + 40 * sum(seconds for seconds, test in tests if test in quick)
                    outcome = self._tried(exchanged, [items[test] for test in quick], limit)
                self.score[outcome] += 1
                if outcome != "killed":
                    _tell(outcome, path, mutant, source)
        print(f"\n{json.dumps(self.score)}")
        return True

    def _reached(self, items: dict[str, pytest.Item]) -> Reached:
        """What every test reaches, measured in a process of its own."""
        with tempfile.NamedTemporaryFile("r") as file:
            if os.fork() == 0:
                found = {name: _traced(item, set(self.sources)) for name, item in items.items()}
                Path(file.name).write_text(json.dumps(found))
                os._exit(int(self.failed))
            if os.wait()[1]:
                raise pytest.UsageError("The tests fail without any fault; mend them first.")
            found = json.load(file)
        return {
            name: (seconds, {full: set(lines.get(full, ())) for full in self.sources})
            for name, (seconds, lines) in found.items()
        }

    def _tried(self, exchanged: list[tuple[Any, Any]], tests: list[pytest.Item], limit: float) -> str:
        """What became of a mutant; one that takes too long counts as killed."""
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            self.is_mutant = True
            for function, code in exchanged:
                function.__code__ = code
            for item, following in zip(tests, [*tests[1:], None], strict=True):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            os._exit(0)
        end = time.monotonic() + limit
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
            time.sleep(0.01)
        return "survived" if ended[1] == 0 else "killed"


def _traced(item: pytest.Item, files: set[str]) -> tuple[float, dict[str, list[int]]]:
    """Seconds that a test takes, and the lines of the files that it reaches."""
    seen: dict[str, set[int]] = {}

    def enter(frame: types.FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        lines = seen.setdefault(frame.f_code.co_filename, set())

        def step(frame: types.FrameType, event: str, argument: object) -> Any:
            lines.add(frame.f_lineno)
            return step

        return step(frame, event, argument)

    start = time.process_time()
    threading.settrace(enter)
    sys.settrace(enter)
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    finally:
        sys.settrace(None)
        threading.settrace(None)
    return time.process_time() - start, {full: sorted(lines) for full, lines in seen.items()}


def _name_of(code: types.CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _inner(code: types.CodeType) -> Any:
    """All functions within a code object, with what tells them apart."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield _name_of(constant), constant
            yield from _inner(constant)


def _tell(outcome: str, path: Path, mutant: Mutant, source: str) -> None:
    line = source.splitlines()[mutant.line - 1].strip()
    print(f"\n{outcome} {path}:{mutant.line}:{mutant.column} {mutant.title}: {line}", end="", flush=True)


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="source files")
    parser.add_argument("--tests", nargs="+", required=True, help="test files and folders")
    parser.add_argument(
        "--share", type=float, default=0.14, help="faults for each line, chosen at random (default 0.14)"
    )
    parser.add_argument("--slow", type=float, default=0.8, help="leave slower tests out, in seconds (default 0.8)")
    options = parser.parse_args()
    plugin = MutationTest(options.paths, options.share, options.slow)
    # Everything is printed by the plugin itself: hundreds of runs of the same tests say nothing.
    return int(
        pytest.main(["-o", "addopts=", "-s", "-p", "no:terminal", "-p", "no:cacheprovider", *options.tests], [plugin])
    )


if __name__ == "__main__":
    sys.exit(main())
