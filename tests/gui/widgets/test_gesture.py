"""A gesture begins with the first change and ends once, by hand or when the keys rest."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtTest import QSignalSpy

from faceeditor.gui.app import application
from faceeditor.gui.widgets.gesture import Gesture


@pytest.fixture
def gesture() -> Iterator[Gesture]:
    application()
    parent = QObject()
    yield Gesture(parent)
    parent.deleteLater()


def test_it_begins_and_ends_once(gesture: Gesture) -> None:
    started, ended = QSignalSpy(gesture.started), QSignalSpy(gesture.ended)
    gesture.end()
    assert ended.count() == 0
    gesture.begin()
    gesture.begin()
    assert gesture.active and started.count() == 1
    gesture.end()
    gesture.end()
    assert not gesture.active and ended.count() == 1


def test_steps_of_keys_end_by_themselves(gesture: Gesture) -> None:
    ended = QSignalSpy(gesture.ended)
    gesture.begin()
    gesture.end_when_idle()
    assert gesture.active
    assert ended.wait(5000) and not gesture.active


def test_a_grip_keeps_a_gesture_open(gesture: Gesture) -> None:
    """A press of the mouse while steps of keys are about to end takes their gesture over."""
    ended = QSignalSpy(gesture.ended)
    gesture.begin()
    gesture.end_when_idle()
    gesture.begin()
    assert not ended.wait(1500) and gesture.active


def test_a_forgotten_gesture_says_nothing(gesture: Gesture) -> None:
    ended = QSignalSpy(gesture.ended)
    gesture.begin()
    gesture.end_when_idle()
    gesture.forget()
    assert not gesture.active and not ended.wait(1500)
