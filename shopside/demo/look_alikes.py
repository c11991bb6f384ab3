"""Honest people who look suspicious: every scene here must pass a fair check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from shopside.demo.people import Person
from shopside.demo.scales import DAY_S
from shopside.demo.stage import Stage

Scene = Callable[[Stage, int, Sequence[str]], None]
"""Writes one scene that starts at an instant; the ids are honest promoters active by then (there may be none)."""


def distributor(
    stage: Stage, person: Person, at_s: int, invited_by: str | None = None, approve_after_s: int = 3600
) -> Person:
    """Let a person join and be approved, under an inviter or as a root."""
    stage.join(person, at_s, invited_by=invited_by)
    stage.approve(person, at_s + approve_after_s, invited_by, "B")
    return person


def _promoter(stage: Stage, promoters: Sequence[str]) -> str | None:
    return stage.chance.pick(promoters) if promoters else None


def family(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """Two to four people in one flat, one network; some share a tablet or a payout account; they refer each other."""
    chance = stage.chance
    ring = stage.scene("family")
    home = stage.people.home()
    first = stage.people.person(home, "family", ring)
    promoter = _promoter(stage, promoters)
    if chance.happens(0.35):
        distributor(stage, first, at_s)
        promoter = first.member_id
    else:
        stage.join(first, at_s, invited_by=promoter)
    members = [first]
    for _ in range(chance.whole(1, 3)):
        person = stage.people.person(home, "family", ring)
        if chance.happens(0.3):
            person = replace(person, device=first.device)
        joined_s = at_s + chance.whole(DAY_S, 30 * DAY_S)
        stage.join(person, joined_s, invited_by=promoter)
        if chance.happens(0.1):
            stage.identify(person, joined_s + 300, payout_account=first.payout_account)
        members.append(person)
    for person in members:
        for _ in range(chance.whole(0, 3)):
            own = promoter if promoter != person.member_id else None
            stage.buy(person, at_s + chance.whole(32 * DAY_S, 150 * DAY_S), own)


def dormitory(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """Students of one building behind one network, most joining within days after the campus promoter."""
    chance = stage.chance
    ring = stage.scene("dormitory")
    place = stage.people.shared_place(f"学生宿舍{chance.whole(1, 12)}号楼")
    head = distributor(stage, stage.people.person(place, "dormitory", ring), at_s)
    for _ in range(chance.whole(8, 16)):
        room = place.address._replace(detail=f"{place.address.detail}{chance.whole(1, 6)}{chance.whole(1, 40):02d}室")
        person = stage.people.person(place._replace(address=room), "dormitory", ring)
        joined_s = at_s + DAY_S + chance.whole(0, 3 * DAY_S)
        stage.join(person, joined_s, invited_by=head.member_id, ip=place.ip)
        for _ in range(chance.whole(1, 3)):
            stage.buy(person, joined_s + chance.whole(1800, 60 * DAY_S), head.member_id, ip=place.ip)


def office(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """Colleagues behind one network who have parcels sent to work, through different promoters."""
    chance = stage.chance
    ring = stage.scene("office")
    place = stage.people.shared_place(f"望京大厦{chance.whole(2, 28)}层")
    for _ in range(chance.whole(7, 13)):
        person = stage.people.person(stage.people.home(), "office", ring)
        promoter = _promoter(stage, promoters)
        joined_s = at_s + chance.whole(0, 60 * DAY_S)
        stage.join(person, joined_s, invited_by=promoter, ip=place.ip)
        for _ in range(chance.whole(1, 3)):
            buy_s = joined_s + chance.whole(600, 60 * DAY_S)
            stage.buy(person, buy_s, promoter, ip=place.ip, address=place.address)


def offline_event(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """A stand at a fair: sign-ups on one Wi-Fi within two hours, a first order within minutes, one price for all."""
    chance = stage.chance
    ring = stage.scene("offline_event")
    place = stage.people.shared_place("会展中心A馆")
    host = distributor(stage, stage.people.person(stage.people.home(), "offline_event", ring), at_s)
    product = stage.basket()[0][0]
    opening_s = at_s + 2 * DAY_S
    for _ in range(chance.whole(15, 28)):
        person = stage.people.person(stage.people.home(), "offline_event", ring)
        joined_s = opening_s + chance.whole(0, 7200)
        stage.join(person, joined_s, invited_by=host.member_id, channel="offline", ip=place.ip)
        stage.buy(
            person,
            joined_s + chance.whole(60, 600),
            host.member_id,
            [(product, 1)],
            off_bps=3_000,
            ip=place.ip,
        )
        if chance.happens(0.4):
            stage.buy(person, joined_s + chance.whole(10 * DAY_S, 80 * DAY_S), host.member_id)


def pickup_point(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """Neighbours who fetch parcels from their group leader; for some the leader orders on her own phone."""
    chance = stage.chance
    ring = stage.scene("pickup_point")
    leader = distributor(stage, stage.people.person(stage.people.home(), "pickup_point", ring), at_s)
    for _ in range(chance.whole(10, 18)):
        person = stage.people.person(stage.people.home(), "pickup_point", ring)
        joined_s = at_s + chance.whole(DAY_S, 40 * DAY_S)
        stage.join(person, joined_s, invited_by=leader.member_id)
        for _ in range(chance.whole(1, 4)):
            device = leader.device if chance.happens(0.15) else person.device
            buy_s = joined_s + chance.whole(3600, 90 * DAY_S)
            stage.buy(person, buy_s, leader.member_id, device=device, address=leader.home.address)


def resold_phone(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """One phone, two owners, weeks apart."""
    chance = stage.chance
    ring = stage.scene("resold_phone")
    seller = stage.people.person(stage.people.home(), "resold_phone", ring)
    buyer = replace(stage.people.person(stage.people.home(), "resold_phone", ring), device=seller.device)
    for person, joined_s in ((seller, at_s), (buyer, at_s + chance.whole(50 * DAY_S, 90 * DAY_S))):
        promoter = _promoter(stage, promoters)
        stage.join(person, joined_s, invited_by=promoter)
        for _ in range(chance.whole(1, 2)):
            stage.buy(person, joined_s + chance.whole(3600, 25 * DAY_S), promoter)


def friend_circle(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """Three to six friends, all distributors, who buy through each other's links on their own phones."""
    chance = stage.chance
    ring = stage.scene("friend_circle")
    friends = [stage.people.person(stage.people.home(), "friend_circle", ring) for _ in range(chance.whole(3, 6))]
    for friend in friends:
        distributor(stage, friend, at_s + chance.whole(0, 20 * DAY_S))
    for friend in friends:
        for _ in range(chance.whole(2, 5)):
            other = chance.pick([one for one in friends if one is not friend])
            stage.buy(friend, at_s + chance.whole(22 * DAY_S, 150 * DAY_S), other.member_id)


def enterprise(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """A company's purchaser with a few large orders through a small promoter."""
    chance = stage.chance
    ring = stage.scene("enterprise")
    promoter = distributor(stage, stage.people.person(stage.people.home(), "enterprise", ring), at_s)
    place = stage.people.shared_place("高新产业园行政部")
    purchaser = stage.people.person(place, "enterprise", ring)
    stage.join(purchaser, at_s + 2 * DAY_S, invited_by=promoter.member_id, ip=place.ip)
    for _ in range(chance.whole(2, 5)):
        basket = [(product, chance.whole(20, 80)) for product, _ in stage.basket()[:2]]
        buy_s = at_s + chance.whole(3 * DAY_S, 160 * DAY_S)
        stage.buy(purchaser, buy_s, promoter.member_id, basket, off_bps=1_500, ip=place.ip)


def fourth_tier(stage: Stage, at_s: int, promoters: Sequence[str]) -> None:
    """A full team of three tiers whose last member recruits once more: the approval is refused as too deep."""
    ring = stage.scene("fourth_tier")
    inviter: str | None = None
    for step in range(4):
        person = stage.people.person(stage.people.home(), "fourth_tier", ring)
        distributor(stage, person, at_s + step * DAY_S, invited_by=inviter)
        inviter = person.member_id


LOOK_ALIKES: Final[Mapping[str, Scene]] = {
    scene.__name__: scene
    for scene in (
        family,
        dormitory,
        office,
        offline_event,
        pickup_point,
        resold_phone,
        friend_circle,
        enterprise,
        fourth_tier,
    )
}
