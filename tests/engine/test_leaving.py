"""A process that ends while networks are running exits with its own code, and never by an abort."""

import subprocess
import sys

import pytest

_BUSY = """
import sys, time
import numpy as np
from faceeditor.engine import Engine, ReadHead, RenderRequest
import torch

engine = Engine("torch-cpu")
engine.start()
began = []

class Busy:
    def run(self, context):
        began.append(True)
        x = torch.randn(1500, 1500)
        while True:
            x = torch.nn.functional.normalize(x @ x)

engine.run(Busy(), lambda *_: None, lambda *_: None, lambda *_: None)
while not began:
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("import faceeditor.engine.core as core; core._JOIN_SECONDS = 0.1; engine.close()", 0),
        ("pass", 0),
        ("from faceeditor.leaving import note_exit_code; sys.exit(note_exit_code(3))", 3),
        ("raise ValueError('seen')", 1),
    ],
)
def test_busy_threads_do_not_abort_the_process(ending: str, code: int) -> None:
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-c", _BUSY + ending], capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr[-1000:]
        assert ("seen" in ended.stderr) == (code == 1)
