"""Messages to the user: shown in the banner one at a time, and kept in a log for the time of the session."""

import time
from collections import deque
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, Signal

KEPT = 200
"""How many messages the log keeps."""


class Kind(Enum):
    """How a message is shown."""

    PROBLEM = "problem"
    NOTE = "info"


@dataclass(frozen=True)
class Message:
    """One sentence, its kind and the time of the day in seconds since the epoch."""

    text: str
    kind: Kind
    at: float


class MessageLog(QObject):
    """The messages of this session, oldest first.

    Signals:
        added: the new Message.
    """

    added = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages: deque[Message] = deque(maxlen=KEPT)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that are kept."""
        return tuple(self._messages)

    def problem(self, text: str) -> None:
        """Report that something failed."""
        self._add(text, Kind.PROBLEM)

    def note(self, text: str) -> None:
        """Report a success or something worth knowing."""
        self._add(text, Kind.NOTE)

    def _add(self, text: str, kind: Kind) -> None:
        message = Message(text, kind, time.time())
        self._messages.append(message)
        self.added.emit(message)
