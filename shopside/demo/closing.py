"""What a demo run leaves behind, read back through the API and told on one screen, with commands to try next."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from shopside.client import PlatformClient
from shopside.demo.delivery import Tally

_READS_AT_ONCE: Final = 8
_OUTCOMES: Final = ("allow", "review", "block")
_ACCOUNTS: Final = {
    "1221.21": "arrears of distributors",
    "2241.11": "commission pending",
    "2241.12": "commission available",
    "2241.13": "commission in withdrawal",
    "2241.14": "payouts on the way",
    "2241.15": "commission held",
    "6601.02": "commission expense",
}


@dataclass(slots=True)
class Findings:
    """What the platform says after a run."""

    decisions: dict[str, Counter[str]]
    """For each label, looked-up orders by the outcome of their decision."""
    commissions: Counter[str] = field(default_factory=Counter)
    """Commission lines of the looked-up orders by state."""
    commissions_fen: Counter[str] = field(default_factory=Counter)
    trial: dict[str, Any] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=dict)
    consistency: dict[str, Any] = field(default_factory=dict)


async def look_up(client: PlatformClient, tally: Tally) -> Findings:
    """Read back some orders of every label, the trial balance, and the proofs of ledger and graph."""
    ids = [(group, order_id) for group in sorted(tally.orders) for order_id in tally.orders[group]]
    gate = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(order_id: str) -> dict[str, Any]:
        async with gate:
            return await client.get(f"/v1/orders/{quote(order_id, safe='')}", "auditor")

    orders = await asyncio.gather(*(read(order_id) for _, order_id in ids))
    findings = Findings({group: Counter() for group in sorted(tally.orders)})
    for (group, _), order in zip(ids, orders, strict=True):
        findings.decisions[group][(order.get("decision") or {}).get("outcome", "none")] += 1
        for line in order["commissions"]:
            findings.commissions[line["state"]] += 1
            findings.commissions_fen[line["state"]] += line["earned_fen"]
    findings.trial = await client.get("/v1/ledger/trial-balance", "auditor")
    findings.ledger = await client.get("/v1/ledger/verify", "auditor")
    findings.consistency = await client.get("/v1/consistency", "analyst")
    return findings


def tell(console: Console, tally: Tally, findings: Findings, client: PlatformClient, data: Path, brand: str) -> None:
    """Print the findings and what to try next; keys are named by their place, never shown."""
    sent = tally.statuses
    console.print(
        f"[bold]{tally.members:,}[/] members, [bold]{tally.events['distributor.approved.v1']:,}[/] approvals of "
        f"distributors, [bold]{tally.events['order.paid.v1']:,}[/] orders; events: {sent['accepted']:,} new, "
        f"{sent['duplicate']:,} known before"
    )
    if tally.checks:
        asked = ", ".join(f"{tally.checks[outcome]} {outcome}" for outcome in _OUTCOMES)
        console.print(f"risk checks before payment: {asked}")
    console.print(_decisions(tally, findings))
    console.print(_commissions(findings))
    console.print(_trial_balance(findings))
    graph, ledger = findings.consistency.get("graph") or {}, findings.ledger
    console.print(f"ledger   ok={ledger.get('ok')}  journals={ledger.get('journals')}")
    console.print(f"         content hash {ledger.get('content_hash')}", soft_wrap=True)
    console.print(
        f"graph    ok={findings.consistency.get('ok')}  members={graph.get('members')}  edges={graph.get('edges')}"
    )
    console.print(f"         hash {graph.get('hash')}", soft_wrap=True)
    _try_next(console, tally, client.base_url, data, brand)


def _decisions(tally: Tally, findings: Findings) -> Table:
    table = Table(title="Orders by what they are, and how some of them were decided")
    for column in ("label", "orders", "looked up", *_OUTCOMES):
        table.add_column(column, justify="left" if column == "label" else "right")
    for group, outcomes in findings.decisions.items():
        counts = [str(outcomes[outcome]) for outcome in _OUTCOMES]
        table.add_row(group, f"{tally.groups[group]:,}", str(outcomes.total()), *counts)
    return table


def _commissions(findings: Findings) -> Table:
    table = Table(title="Their commission lines")
    for column in ("state", "lines", "earned, yuan"):
        table.add_column(column, justify="left" if column == "state" else "right")
    for state, lines in sorted(findings.commissions.items()):
        table.add_row(state, f"{lines:,}", _yuan(findings.commissions_fen[state]))
    return table


def _trial_balance(findings: Findings) -> Table:
    table = Table(title="Trial balance")
    for column in ("account", "", "debit, yuan", "credit, yuan"):
        table.add_column(column, justify="right" if "yuan" in column else "left")
    for row in findings.trial.get("accounts", ()):
        code = str(row["account"])
        table.add_row(code, _ACCOUNTS.get(code, ""), _yuan(row["debit_fen"]), _yuan(row["credit_fen"]))
    table.add_section()
    table.add_row("total", "", "", _yuan(findings.trial.get("total_fen", 0)))
    return table


def _try_next(console: Console, tally: Tally, base_url: str, data: Path, brand: str) -> None:
    planted = [tally.orders[group][-1] for group in ("A1", "A2", "self_purchase") if tally.orders.get(group)]
    paths = [f"/v1/orders/{order_id}" for order_id in (planted or tally.orders.get("ordinary", []))[:2]]
    for member_id in tally.distributors[:1]:
        paths += [f"/v1/members/{member_id}/team", f"/v1/ledger/members/{member_id}/entries"]
    paths += [f"/v1/members/{member_id}/uplines" for member_id in tally.distributors[-1:]]
    paths.append("/v1/ledger/trial-balance")
    key = f"import json; print(json.load(open('{data}/credentials.json'))['brands']['{brand}']['keys']['auditor'])"
    console.print("\n[bold]Try next[/]")
    lines = [f'KEY=$(python3 -c "{key}")', f"API={base_url}"]
    lines += [f'curl -s -H "Authorization: Bearer $KEY" $API{path}; echo' for path in paths]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
