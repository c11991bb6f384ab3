"""Where the shop's life is written down: what members do becomes events of the contract, each with its label.

Events are kept by the week in which they are delivered and given out week by week, so that a year never lies in
memory. Ids are made of content and counters: the same seed writes the same bytes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shopside.demo.chance import Chance
from shopside.demo.people import Address, Home, People, Person
from shopside.demo.scales import AFTER_SALES_S, DAY_S, WEEK_S, WEEKS, Product, Scale, catalogue, rfc3339

Event = dict[str, Any]
"""A CloudEvent as the contract spells it."""

Fate = Literal["by_chance", "kept", "refunded_after_settlement"]
"""What becomes of an order: honest cancellations and refunds by chance, kept, or given back after settlement."""

CARRIER_SHARE = 0.4
REFUND_SHARE = 0.06
CANCEL_SHARE = 0.02
RESPELL_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Label:
    """What an order or a member truly is. Never sent; written beside the data so that decisions can be scored."""

    kind: Literal["member", "order"]
    id: str
    group: str
    ring: str
    fraud: bool


@dataclass(frozen=True, slots=True)
class Week:
    """What is delivered in one week."""

    number: int
    """From 1."""
    end_s: int
    events: list[Event]
    """Everything but completions, in the order of their times."""
    completions: list[Event]
    """``order.completed`` whose after-sales window ends within the week."""
    labels: list[Label]


class Stage:
    """Writes events into the weeks of a year that starts at ``start_s``; what would come later is left out."""

    def __init__(self, seed: int, scale: Scale, start_s: int) -> None:
        self.tag = f"{seed}" if scale.name == "small" else f"{seed}{scale.name[0]}"
        self.chance = Chance(f"shop/{scale.name}/{seed}")
        self.people = People(Chance(f"people/{scale.name}/{seed}"), self.tag)
        self.products = catalogue(scale, Chance(f"products/{scale.name}/{seed}"))
        self.start_s = start_s
        self._source = f"demo-shop/{scale.name}/{seed}"
        self._carrier = [f"100.{64 + i // 250}.{i % 250 + 1}.1" for i in range(scale.carrier_addresses)]
        self._orders = 0
        self._scenes = 0
        self._events: defaultdict[int, list[tuple[int, Event]]] = defaultdict(list)
        self._completions: defaultdict[int, list[tuple[int, Event]]] = defaultdict(list)
        self._labels: list[Label] = []
        self._closed = -1

    # --- people ---------------------------------------------------------------------------------------------------

    def scene(self, group: str) -> str:
        """A name for one more ring or gathering of people."""
        self._scenes += 1
        return f"{group}-{self.tag}-{self._scenes:04d}"

    def join(
        self,
        person: Person,
        at_s: int,
        invited_by: str | None = None,
        channel: str = "mini_program",
        ip: str = "",
    ) -> None:
        """Sign up and show a device, a network, a phone and an account of the platform."""
        registered = {
            "member_id": person.member_id,
            "platform": channel,
            "external_id": f"openid-{person.member_id}",
            "entry_channel": "share_card" if invited_by else "search",
            "invited_by": invited_by,
            "registered_at": rfc3339(at_s),
            "kind": "employee" if person.group == "ordinary" and person.number % 50 == 0 else "customer",
        }
        self._write("member.registered.v1", "registered", person.member_id, at_s, _without_none(registered))
        self.identify(
            person,
            at_s + 20,
            device=person.device,
            ip=ip or self.network(person.home),
            phone=person.phone,
            unionid=self.people.unionid(person),
        )
        if self._in_the_year(at_s):
            self._labels.append(
                Label("member", person.member_id, person.group, person.ring, person.group.startswith("A"))
            )

    def identify(self, person: Person, at_s: int, address: Address | None = None, **identifiers: str) -> None:
        """Show identifiers of a member, by kind."""
        shown: list[dict[str, Any]] = [{"kind": kind, "value": value} for kind, value in identifiers.items()]
        if address is not None:
            shown.append({"kind": "address", "value": address._asdict()})
        data = {"member_id": person.member_id, "seen_at": rfc3339(at_s), "identifiers": shown}
        self._write("member.identified.v1", f"identified.{at_s}", person.member_id, at_s, data)

    def approve(self, person: Person, at_s: int, invited_by: str | None, grade: str = "B") -> None:
        """Make a member a distributor, under an inviter or as a root; shows papers and the account to be paid to."""
        self.identify(
            person,
            at_s - 60,
            address=person.home.address,
            payout_account=person.payout_account,
            id_card=self.people.id_card(person),
        )
        data = {
            "member_id": person.member_id,
            "grade": grade,
            "invited_by": invited_by,
            "approved_at": rfc3339(at_s),
        }
        self._write("distributor.approved.v1", "approved", person.member_id, at_s, data)

    def suspend(self, member_id: str, at_s: int, reason: str) -> None:
        """Take a distributor's standing away for a while."""
        data = {"member_id": member_id, "reason": reason, "at": rfc3339(at_s)}
        self._write("distributor.suspended.v1", f"suspended.{at_s}", member_id, at_s, data)

    def restore(self, member_id: str, at_s: int, reason: str) -> None:
        """Give it back."""
        data = {"member_id": member_id, "reason": reason, "at": rfc3339(at_s)}
        self._write("distributor.restored.v1", f"restored.{at_s}", member_id, at_s, data)

    def bind(self, person: Person, promoter_id: str, at_s: int) -> None:
        """Ask to be bound to a promoter."""
        data = {
            "member_id": person.member_id,
            "promoter_id": promoter_id,
            "channel": "mini_program",
            "requested_at": rfc3339(at_s),
        }
        self._write("binding.requested.v1", f"binding.{at_s}", person.member_id, at_s, data)

    def network(self, home: Home) -> str:
        """The address someone is seen from: at home, or on the road behind one of the carriers' few addresses."""
        return self.chance.pick(self._carrier) if self.chance.happens(CARRIER_SHARE) else home.ip

    # --- orders ---------------------------------------------------------------------------------------------------

    def basket(self) -> list[tuple[Product, int]]:
        """What an ordinary shopper buys at once: products, the popular ones more often, and quantities."""
        chance = self.chance
        lines = 1 + (chance.share() < 0.45) + (chance.share() < 0.25) + (chance.share() < 0.1)
        return [(self._popular(), 1 + (chance.share() < 0.2) + (chance.share() < 0.07)) for _ in range(lines)]

    def buy(
        self,
        buyer: Person,
        at_s: int,
        promoter_id: str | None,
        basket: Sequence[tuple[Product, int]] = (),
        *,
        off_bps: int = 0,
        device: str = "",
        ip: str = "",
        address: Address | None = None,
        fate: Fate = "by_chance",
        group: str = "",
        fraud: bool | None = None,
        clicked: bool = False,
    ) -> None:
        """An order with all that follows it; unnamed things are the buyer's own. ``off_bps`` is a price cut."""
        chance = self.chance
        paid_s = at_s + chance.whole(5, 600)
        if not self._in_the_year(paid_s):
            return
        self._orders += 1
        order_id = f"o{self.tag}-{self._orders:06d}"
        lines: list[dict[str, Any]] = []
        for number, (product, quantity) in enumerate(basket or self.basket(), 1):
            list_fen = product.price_fen * quantity
            lines.append(
                {
                    "line_id": str(number),
                    "product_id": product.product_id,
                    "category": product.category,
                    "quantity": quantity,
                    "paid_fen": list_fen - list_fen * off_bps // 10_000,
                }
            )
        goods_fen = sum(line["paid_fen"] for line in lines)
        if address is None:
            own = buyer.home.address
            address = self.people.respelled(own) if chance.happens(RESPELL_SHARE) else own
        data = {
            "order_id": order_id,
            "buyer_id": buyer.member_id,
            "promoter_id": promoter_id,
            "channel": "mini_program" if chance.happens(0.8) else "h5",
            "region": buyer.home.address.province,
            "placed_at": rfc3339(at_s),
            "paid_at": rfc3339(paid_s),
            "lines": lines,
            "freight_fen": 0 if goods_fen >= 9_900 else 1_000,
            "device_id": device or buyer.device,
            "ip": ip or self.network(buyer.home),
            "phone": buyer.phone if chance.happens(0.7) else None,
            "address": address._asdict(),
        }
        if clicked and promoter_id is not None:
            self._click(order_id, buyer, promoter_id, max(at_s - chance.whole(5, 90), at_s - at_s % 3600))
        self._write("order.paid.v1", "paid", order_id, paid_s, _without_none(data))
        self._after(order_id, lines, paid_s, fate)
        is_fraud = buyer.group.startswith("A") if fraud is None else fraud
        self._labels.append(Label("order", order_id, group or buyer.group, buyer.ring, is_fraud))

    def _after(self, order_id: str, lines: list[dict[str, Any]], paid_s: int, fate: Fate) -> None:
        chance = self.chance
        completed_s = paid_s + chance.whole(2 * DAY_S, 6 * DAY_S)
        if fate == "by_chance":
            roll = chance.share()
            if roll < CANCEL_SHARE:
                self._cancel(order_id, paid_s + chance.whole(600, 20 * 3600))
                return
            if roll < CANCEL_SHARE + REFUND_SHARE:
                when = chance.share()
                whole = chance.happens(0.5)
                if when < 0.25:
                    self._refund(order_id, lines, paid_s + chance.whole(3600, DAY_S), whole)
                    if whole:
                        return
                elif when < 0.85:
                    self._refund(order_id, lines, completed_s + chance.whole(3600, AFTER_SALES_S - 3600), whole)
                else:
                    late_s = completed_s + AFTER_SALES_S + chance.whole(DAY_S, 25 * DAY_S)
                    self._refund(order_id, lines, late_s, whole)
        elif fate == "refunded_after_settlement":
            late_s = completed_s + AFTER_SALES_S + chance.whole(3 * DAY_S, 10 * DAY_S)
            self._refund(order_id, lines, late_s, whole=True)
        self._complete(order_id, completed_s)

    def _refund(self, order_id: str, lines: list[dict[str, Any]], at_s: int, whole: bool) -> None:
        if whole:
            refunds = [{"line_id": line["line_id"], "refund_fen": line["paid_fen"]} for line in lines]
        else:
            line = self.chance.pick(lines)
            share_percent = self.chance.pick((20, 33, 50, 100))
            refunds = [{"line_id": line["line_id"], "refund_fen": line["paid_fen"] * share_percent // 100}]
        data = {
            "refund_id": f"r-{order_id}",
            "order_id": order_id,
            "refunded_at": rfc3339(at_s),
            "lines": refunds,
        }
        self._write("order.refunded.v1", "refunded", order_id, at_s, data)

    def _cancel(self, order_id: str, at_s: int) -> None:
        data = {"order_id": order_id, "cancelled_at": rfc3339(at_s)}
        self._write("order.cancelled.v1", "cancelled", order_id, at_s, data)

    def _complete(self, order_id: str, at_s: int) -> None:
        data = {"order_id": order_id, "completed_at": rfc3339(at_s)}
        event = self._event("order.completed.v1", "completed", order_id, at_s, data)
        self._completions[self._week_of(at_s + AFTER_SALES_S)].append((at_s, event))

    def _click(self, order_id: str, buyer: Person, promoter_id: str, at_s: int) -> None:
        data = {
            "click_id": f"c-{order_id}",
            "link_code": f"l-{promoter_id}",
            "member_id": buyer.member_id,
            "device_id": buyer.device,
            "channel": "mini_program",
            "clicked_at": rfc3339(at_s),
        }
        self._write("promotion.clicked.v1", f"clicked.{order_id}", buyer.member_id, at_s, data)

    def _popular(self) -> Product:
        # squaring a uniform share makes the first products of the catalogue the best sellers
        return self.products[int(self.chance.share() ** 2 * len(self.products))]

    # --- weeks ----------------------------------------------------------------------------------------------------

    def close_week(self, number: int) -> Week:
        """Give out a week (from 0) for good; nothing more may be written into it."""
        events = sorted(self._events.pop(number, []), key=lambda item: item[0])
        completions = sorted(self._completions.pop(number, []), key=lambda item: item[0])
        labels, self._labels = self._labels, []
        self._closed = number
        return Week(
            number=number + 1,
            end_s=self.start_s + (number + 1) * WEEK_S,
            events=[event for _, event in events],
            completions=[event for _, event in completions],
            labels=labels,
        )

    def _week_of(self, at_s: int) -> int:
        return (at_s - self.start_s) // WEEK_S

    def _in_the_year(self, at_s: int) -> bool:
        return self._week_of(at_s) < WEEKS

    def _write(self, kind: str, what: str, subject: str, at_s: int, data: dict[str, Any]) -> None:
        week = self._week_of(at_s)
        assert week > self._closed, f"{what} {subject} lies in a week that has been given out"
        if week < WEEKS:
            self._events[week].append((at_s, self._event(kind, what, subject, at_s, data)))

    def _event(self, kind: str, what: str, subject: str, at_s: int, data: dict[str, Any]) -> Event:
        return {
            "specversion": "1.0",
            "id": f"{subject}.{what}",
            "source": self._source,
            "type": kind,
            "time": rfc3339(at_s),
            "subject": subject,
            "data": data,
        }


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
