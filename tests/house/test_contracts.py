"""What is declared once is what runs: contracts, facts, stages, consumers, rooms."""

import dataclasses

import pytest

from events.contract import Contract
from events.shop import LOG, SHOP
from ops.reference.rooms import consumers, declared, steps
from ops.wiring import CONTRACTS, SEEDS
from tests.house.sources import ROOT

ROOMS = declared()
STEPS = tuple(steps(ROOMS))
EVERY = tuple(CONTRACTS)


def of_type(contract: Contract) -> str:
    return contract.type


@pytest.mark.parametrize("contract", EVERY, ids=of_type)
def test_fact_has_the_fields_that_are_sent(contract: Contract) -> None:
    assert dataclasses.is_dataclass(contract.fact)
    assert {field.name for field in dataclasses.fields(contract.fact)} == set(contract.sent.model_fields)


@pytest.mark.parametrize("contract", EVERY, ids=of_type)
def test_what_somebody_decides_is_taken_by_a_stage_of_that_consumer(contract: Contract) -> None:
    assert set(contract.decided_by) <= set(consumers(ROOMS)), "decided by a consumer that does not exist"
    for consumer in contract.decided_by:
        taken = [step.name for step in STEPS if step.consumer == consumer and contract.fact in step.takes]
        assert taken, f"no stage of {consumer} takes {contract.fact.__name__}"


def test_a_command_waits_for_somebody() -> None:
    """The platform's own commands are answered with an outcome; a replay is met by every consumer before its stages."""
    waited_for = {contract.type for contract in EVERY if contract.by != "shop"} - {contract.type for contract in LOG}
    assert waited_for == {contract.type for contract in EVERY if contract.by != "shop" and contract.decided_by}


def test_every_fact_that_is_taken_has_one_contract() -> None:
    facts = [contract.fact for contract in EVERY]
    assert len(facts) == len(set(facts))
    assert {fact for step in STEPS for fact in step.takes} <= set(facts)


def test_what_is_personal_has_an_owner() -> None:
    """The field of the member whose key seals stands in the data, or nobody's key is meant."""
    lost = [c.type for c in EVERY if c.personal and c.owner and c.owner not in c.sent.model_fields]
    assert not lost


def test_the_composition_root_lists_what_the_rooms_declare() -> None:
    assert set(EVERY) == {*LOG, *SHOP, *(contract for room in ROOMS for contract in room.contracts)}
    assert set(SEEDS) == {room.seed for room in ROOMS if room.seed is not None}


def test_stages_are_added_to_consumers_that_exist() -> None:
    assert {name for room in ROOMS for name in room.stages} <= set(consumers(ROOMS))
    assert all(step.takes and step.promise for step in STEPS)


def test_every_room_is_listed() -> None:
    assert {path.parent.name for path in ROOT.glob("*/room.py")} - {"events"} == {room.name for room in ROOMS}
