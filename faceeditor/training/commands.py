"""What the commands `python -m faceeditor.training...` have in common."""

import argparse
import sys
from collections.abc import Callable, Sequence

from faceeditor.errors import FaceEditorError


def run_command(
    parser: argparse.ArgumentParser, act: Callable[[argparse.Namespace], str], arguments: Sequence[str] | None = None
) -> int:
    """Parse the arguments and act on them.

    Args:
        parser: knows the arguments.
        act: does the work and returns the sentence to print, or an empty one; its `FaceEditorError` ends the command
            with the error's sentence on the error stream.
        arguments: by default those of the process.

    Returns:
        The exit code.
    """
    options = parser.parse_args(arguments)
    try:
        sentence = act(options)
    except FaceEditorError as error:
        print(error, file=sys.stderr)
        return 1
    if sentence:
        print(sentence)
    return 0
