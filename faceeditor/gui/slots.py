"""Slots for signals and menus."""

from collections.abc import Callable


def bound(function: Callable[..., object], *arguments: object) -> Callable[[], None]:
    """A slot without parameters that calls a function with fixed arguments.

    Arguments of the signal, such as the state of a button, are not passed on.
    """

    def slot() -> None:
        function(*arguments)

    return slot
