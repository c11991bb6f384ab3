"""Who stands beside the rooms knows none of them, also none that is added later."""

import tomllib

from tests.house.sources import ROOT

BESIDE = {"local", "shopside"}


def test_the_contract_closes_every_room_to_those_beside_them() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    closed = [
        set(contract["forbidden_modules"])
        for contract in linter["contracts"]
        if set(contract.get("source_modules", ())) == BESIDE
    ]
    # `ops` is above them: the layers say that.
    assert closed == [set(linter["root_packages"]) - BESIDE - {"core", "ops"}]
