"""Loaded while tests are collected, so that queries are noted from the first test on."""

import pytest

from tests.zz_exercised import recorder

recorder.install()
_WHOLE = pytest.StashKey[bool]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the check behind all other tests, and find out whether this run holds them all."""
    items.sort(key=lambda item: "zz_exercised" in item.nodeid)
    chosen = any(config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "lf", "ignore"))
    config.stash[_WHOLE] = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen


@pytest.fixture
def whole_suite(request: pytest.FixtureRequest) -> bool:
    """Whether every test of the project is part of this run."""
    return request.config.stash[_WHOLE]
