"""Calls that are not made as often as they are asked for."""

from faceeditor.gui.app import application
from faceeditor.gui.deferred import Throttle
from faceeditor.gui.snapshot import pump
from tests.patience import WAIT

_NEVER = 3_600_000


def test_the_first_call_is_made_at_once_and_the_last_is_not_lost() -> None:
    application()
    calls: list[int] = []
    state = [0]
    throttle = Throttle(lambda: calls.append(state[0]), 5)
    for state[0] in range(1, 50):
        throttle.ask()
    assert calls == [1]
    assert pump(lambda: calls == [1, 49], WAIT)


def test_during_a_pause_nothing_is_done_unless_it_must_be() -> None:
    application()
    calls: list[str] = []
    throttle = Throttle(lambda: calls.append("call"), _NEVER)
    throttle.ask()
    throttle.ask()
    assert len(calls) == 1
    throttle.now()
    assert len(calls) == 2
    throttle.ask()
    assert len(calls) == 3, "the pause ends with a call that had to be made"
