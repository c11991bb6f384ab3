"""Planted fraud, one scene per pattern: what a check, the graph and the ring search are there to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from shopside.demo.look_alikes import Scene, distributor
from shopside.demo.people import Address, Home, Person
from shopside.demo.scales import DAY_S
from shopside.demo.stage import Stage


def a1_second_account(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """A promoter who looks honest for months buys through herself with a second account that shares one thing."""
    chance = stage.chance
    ring = stage.scene("A1")
    promoter = distributor(stage, stage.people.person(stage.people.home(), "A1", ring), at_s)
    for _ in range(chance.whole(1, 3)):
        customer = stage.people.person(stage.people.home())
        stage.join(customer, at_s + chance.whole(DAY_S, 20 * DAY_S), invited_by=promoter.member_id)
        stage.buy(customer, at_s + chance.whole(21 * DAY_S, 60 * DAY_S), promoter.member_id)
    second = stage.people.person(stage.people.home(), "A1", ring)
    joined_s = at_s + chance.whole(40 * DAY_S, 90 * DAY_S)
    ip = ""
    tie = chance.pick(("device", "payout_account", "address", "home"))
    if tie == "device":
        second = replace(second, device=promoter.device)
    elif tie == "home":
        second = replace(second, home=promoter.home)
        ip = promoter.home.ip
    stage.join(second, joined_s, invited_by=promoter.member_id, ip=ip)
    if tie == "payout_account":
        stage.identify(second, joined_s + 600, payout_account=promoter.payout_account)
    for _ in range(chance.whole(3, 8)):
        address = stage.people.disguised(promoter.home.address) if tie == "address" else second.home.address
        buy_s = joined_s + chance.whole(DAY_S, 90 * DAY_S)
        stage.buy(second, buy_s, promoter.member_id, ip=ip, address=address)


def _circle(stage: Stage, at_s: int, group: str) -> list[Person]:
    """Three to eight accounts on a few devices, each buying through the one before."""
    chance = stage.chance
    ring = stage.scene(group)
    accounts = [stage.people.person(stage.people.home(), group, ring) for _ in range(chance.whole(3, 8))]
    devices = [account.device for account in accounts[: max(1, len(accounts) // 3)]]
    accounts = [replace(account, device=devices[i % len(devices)]) for i, account in enumerate(accounts)]
    for account in accounts:
        distributor(stage, account, at_s + chance.whole(0, 10 * DAY_S))
    for index, account in enumerate(accounts):
        for _ in range(chance.whole(2, 5)):
            buy_s = at_s + chance.whole(12 * DAY_S, 90 * DAY_S)
            stage.buy(account, buy_s, accounts[index - 1].member_id, fate="kept")
    return accounts


def _farm(stage: Stage, at_s: int, group: str) -> list[Person]:
    """Dozens of sign-ups behind one network under one parent, own devices, one price, a first order in minutes."""
    chance = stage.chance
    ring = stage.scene(group)
    place = stage.people.home()
    parent = distributor(stage, stage.people.person(place, group, ring), at_s)
    product = stage.basket()[0][0]
    opening_s = at_s + chance.whole(5 * DAY_S, 20 * DAY_S)
    puppets = []
    for _ in range(chance.whole(20, 36)):
        puppet = stage.people.person(stage.people.home(), group, ring)
        joined_s = opening_s + chance.whole(0, 9 * 3600)
        stage.join(puppet, joined_s, invited_by=parent.member_id, channel="h5", ip=place.ip)
        buy_s = joined_s + chance.whole(60, 400)
        stage.buy(puppet, buy_s, parent.member_id, [(product, 1)], ip=place.ip, fate="kept")
        puppets.append(puppet)
    return puppets


def _brushing(stage: Stage, at_s: int, group: str) -> list[Person]:
    """Accounts with devices and networks of their own whose parcels all go to one flat, written in many ways."""
    chance = stage.chance
    ring = stage.scene(group)
    flat: Address = stage.people.home().address
    promoter = distributor(stage, stage.people.person(stage.people.home(), group, ring), at_s)
    accounts = []
    for _ in range(chance.whole(5, 9)):
        account = stage.people.person(stage.people.home(), group, ring)
        joined_s = at_s + chance.whole(2 * DAY_S, 30 * DAY_S)
        stage.join(account, joined_s, invited_by=promoter.member_id)
        for _ in range(chance.whole(1, 3)):
            buy_s = joined_s + chance.whole(3600, 60 * DAY_S)
            address = stage.people.disguised(flat)
            stage.buy(account, buy_s, promoter.member_id, address=address, fate="kept")
        accounts.append(account)
    return accounts


def _laundering(stage: Stage, at_s: int, group: str) -> list[Person]:
    """One, then two or three, then four to nine members within days; mutual purchases, given back after settlement."""
    chance = stage.chance
    ring = stage.scene(group)
    root = distributor(stage, stage.people.person(stage.people.home(), group, ring), at_s)
    accounts = [root]
    second_tier = []
    for _ in range(chance.whole(2, 3)):
        person = stage.people.person(stage.people.home(), group, ring)
        second_tier.append(distributor(stage, person, at_s + chance.whole(DAY_S, 2 * DAY_S), root.member_id))
    accounts += second_tier
    for inviter in second_tier:
        for _ in range(chance.whole(2, 3)):
            person = stage.people.person(stage.people.home(), group, ring)
            if chance.happens(0.4):
                person = replace(person, payout_account=root.payout_account)
            joined_s = at_s + chance.whole(4 * DAY_S, 6 * DAY_S)
            accounts.append(distributor(stage, person, joined_s, inviter.member_id))
    for account in accounts[1:]:
        for _ in range(chance.whole(1, 3)):
            other = chance.pick([one for one in accounts if one is not account])
            basket = [(product, chance.whole(2, 6)) for product, _ in stage.basket()]
            buy_s = at_s + chance.whole(8 * DAY_S, 25 * DAY_S)
            stage.buy(account, buy_s, other.member_id, basket, fate="refunded_after_settlement")
    return accounts


def a6_nominees(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """An insider books a big customer's few large orders on nominees; only their payout account is one and the same."""
    chance = stage.chance
    ring = stage.scene("A6")
    insider = stage.people.person(stage.people.home(), "A6", ring)
    nominees = [stage.people.person(stage.people.home(), "A6", ring) for _ in range(chance.whole(2, 4))]
    nominees = [replace(nominee, payout_account=insider.payout_account) for nominee in nominees]
    for person in (insider, *nominees):
        distributor(stage, person, at_s + chance.whole(0, 15 * DAY_S))
    place: Home = stage.people.shared_place("科技园采购部")
    customer = stage.people.person(place, "A6", ring)
    stage.join(customer, at_s + 17 * DAY_S, ip=place.ip)
    for _ in range(chance.whole(3, 7)):
        basket = [(product, chance.whole(15, 50)) for product, _ in stage.basket()[:2]]
        buy_s = at_s + chance.whole(18 * DAY_S, 170 * DAY_S)
        stage.buy(customer, buy_s, chance.pick(nominees).member_id, basket, ip=place.ip, fate="kept")


def a7_camouflage(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """One of the rings above whose accounts also buy from honest promoters, to look ordinary."""
    chance = stage.chance
    accounts = chance.pick((_circle, _farm, _brushing, _laundering))(stage, at_s, "A7")
    for account in accounts if promoters else ():
        for _ in range(chance.whole(1, 3)):
            buy_s = at_s + chance.whole(32 * DAY_S, 120 * DAY_S)
            stage.buy(account, buy_s, chance.pick(promoters), fraud=False)


def _plain(ring: Callable[[Stage, int, str], list[Person]], group: str) -> Scene:
    def scene(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
        ring(stage, at_s, group)

    return scene


RINGS: Final[Mapping[str, Scene]] = {
    "A1": a1_second_account,
    "A2": _plain(_circle, "A2"),
    "A3": _plain(_farm, "A3"),
    "A4": _plain(_brushing, "A4"),
    "A5": _plain(_laundering, "A5"),
    "A6": a6_nominees,
    "A7": a7_camouflage,
}
"""By the label of the pattern."""
