"""How long the runs of this folder last: short ones with every test run, long ones with `--long-reliability`."""

import pytest


@pytest.fixture
def runs(request: pytest.FixtureRequest):
    """runs(short, long): how many repetitions this time."""
    share = float(request.config.getoption("--long-reliability"))
    return lambda short, long: max(short, round(long * share))
