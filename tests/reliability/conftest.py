"""How long the runs of this folder last: short ones with every test run, long ones with `--long-reliability`."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long runs may last for hours."""
    if config.getoption("--long-reliability"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.timeout(0))


@pytest.fixture
def runs(request: pytest.FixtureRequest):
    """runs(short, long): how many repetitions this time."""
    share = float(request.config.getoption("--long-reliability"))
    return lambda short, long: max(short, round(long * share))
