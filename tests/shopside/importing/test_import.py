"""The whole import: exit codes, the report, refusals of the platform back on their rows, and repeats."""

import csv
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from ops.cli import app
from shopside.client import PlatformClient
from shopside.importing.findings import Report
from tests.shopside.importing.exports import RETAIL_HEADINGS, write

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "docs" / "samples"
MAPS = ROOT / "shopside" / "importing" / "maps"
NOON = "3/1/2011 12:00"


class Intake(httpx.AsyncBaseTransport):
    """Answers as the contract says: repeats are duplicates, one order id is refused, a poisoned body too."""

    def __init__(self) -> None:
        self.currency = "GBP"
        self.events: dict[str, Any] = {}
        self.bodies: list[int] = []
        self.away = False
        self.lost: Path | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/brands":
            brands = [{"brand": "other", "currency": "JPY"}, {"brand": "demo", "currency": self.currency}]
            return httpx.Response(200, json={"items": brands, "next_cursor": None})
        if request.url.path == "/v1/ops/drain":
            return httpx.Response(200, json={})
        if request.url.path.startswith("/v1/orders/"):
            return self._order(request.url.path.rpartition("/")[2])
        if self.lost is not None:
            self.lost.unlink()
            raise httpx.ConnectError("gone")
        if self.away:
            return httpx.Response(401, json={"status": 401, "code": "unauthenticated", "detail": "no", "errors": []})
        sent = json.loads(request.content)
        self.bodies.append(len(sent))
        if any(event["id"] == "poison" for event in sent):
            return httpx.Response(400, json={"status": 400, "code": "bad_json", "detail": "no", "errors": []})
        return httpx.Response(200, json={"items": [self._take(event) for event in sent]})

    def _take(self, event: dict[str, Any]) -> dict[str, Any]:
        if event.get("type") == "order.completed.v1":
            problem = {"status": 422, "code": "in_the_future", "detail": "too early", "errors": []}
            return {"id": event["id"], "status": "rejected", "seq": None, "problem": problem}
        if event.get("data", {}).get("order_id") == "666":
            errors = [{"field": "data.buyer_id", "code": "bad_id", "message": "no such id"}]
            problem = {"status": 422, "code": "bad_id", "detail": "bad", "errors": errors}
            return {"id": event["id"], "status": "rejected", "seq": None, "problem": problem}
        stands = self.events.setdefault(event["id"], event)
        if stands["data"] != event["data"]:
            errors = [{"field": "id", "code": "event_conflict", "message": "known with another content"}]
            problem = {"status": 409, "code": "event_conflict", "detail": "known", "errors": errors}
            return {"id": event["id"], "status": "rejected", "seq": None, "problem": problem}
        known = stands is not event
        return {"id": event["id"], "status": "duplicate" if known else "accepted", "seq": 1, "problem": None}

    def _order(self, order_id: str) -> httpx.Response:
        known = self.events.get(f"paid:{order_id}")
        if known is None:
            return httpx.Response(404, json={"status": 404, "code": "not_found", "detail": "no", "errors": []})
        return httpx.Response(200, json=known["data"])


@pytest.fixture
def intake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Intake:
    keys = {"pipeline": "p", "admin": "a"}
    content = {"base_url": "http://shop.test", "brands": {"demo": {"keys": keys}}}
    (tmp_path / "credentials.json").write_text(json.dumps(content))
    transport = Intake()

    @asynccontextmanager
    async def connected(data: Path, brand: str) -> AsyncIterator[PlatformClient]:
        client = PlatformClient(data, brand, transport)
        yield client
        await client.close()

    monkeypatch.setattr("shopside.importing.cli.connect", connected)
    return transport


def run(tmp_path: Path, *arguments: str | Path) -> tuple[int, list[tuple[str, str, str]], str]:
    """Exit code, the report's rows without messages, and what was said."""
    report = tmp_path / "report.csv"
    report.unlink(missing_ok=True)
    words = ["import", *map(str, arguments), "--data", str(tmp_path), "--report", str(report)]
    result = CliRunner().invoke(app, words)
    remarks = []
    if report.exists():
        with report.open(encoding="utf-8", newline="") as file:
            remarks = [(line["row"], line["field"], line["code"]) for line in csv.DictReader(file)]
    return result.exit_code, remarks, result.output


def test_everything_taken_ends_with_0_and_an_empty_report(tmp_path: Path, intake: Intake) -> None:
    file = write(tmp_path / "e.csv", [f"1,A,jug,1,{NOON},1,20001,France"])
    assert run(tmp_path, file, "--map", "online-retail")[:2] == (0, [])
    assert list(intake.events) == ["paid:1"]


def test_a_repeat_changes_nothing(tmp_path: Path, intake: Intake) -> None:
    first = run(tmp_path, SAMPLES / "online-retail.csv", "--map", "online-retail")
    before = dict(intake.events)
    second = run(tmp_path, SAMPLES / "online-retail.csv", "--map", "online-retail")
    assert first[:2] == second[:2]
    assert intake.events == before
    assert "0 events new, 7 known before" in second[2]


def test_the_online_retail_sample(tmp_path: Path, intake: Intake) -> None:
    code, remarks, _ = run(tmp_path, SAMPLES / "online-retail.csv", "--map", "online-retail")
    assert code == 3
    assert remarks == [
        ("6", "buyer_id", "guest_buyer"),
        ("8", "unit_price", "zero_order"),
        ("10", "quantity", "return_exceeds_purchases"),
        ("11", "unit_price", "zero_return"),
    ]
    paid = intake.events["paid:700001"]["data"]
    assert (paid["buyer_id"], paid["freight_fen"]) == ("20001", 600)
    assert [(line["line_id"], line["quantity"], line["paid_fen"]) for line in paid["lines"]] == [
        ("10021", 2, 650),
        ("10021~2", 4, 1300),
        ("10388", 12, 150),
    ]
    assert intake.events["refunded:C700005-700003"]["data"]["lines"] == [
        {"line_id": "10021", "refund_fen": 1950, "quantity": 6}
    ]


def test_the_shopify_sample(tmp_path: Path, intake: Intake) -> None:
    intake.currency = "CNY"
    code, remarks, _ = run(tmp_path, SAMPLES / "shopify-orders.csv", "--map", "shopify")
    assert code == 3
    assert remarks == [
        ("2", "completed_at", "not_yet_completed"),
        ("4", "buyer_id", "guest_buyer"),
        ("5", "completed_at", "not_yet_completed"),
        ("5", "phone", "excel_digits_lost"),
        ("5", "refunded", "refund_time_assumed"),
        ("5", "subtotal", "discount_spread"),
        ("7", "status", "not_paid"),
    ]
    assert sorted(intake.events) == [
        "cancelled:1004",
        "paid:1001",
        "paid:1002",
        "paid:1003",
        "paid:1004",
        "refunded:1003-refund",
    ]


def test_what_the_platform_refuses_is_told_for_every_row_of_the_order(tmp_path: Path, intake: Intake) -> None:
    rows = [f"666,A,jug,1,{NOON},1,20001,", f"666,B,jug,1,{NOON},1,20001,", f"7,A,jug,1,{NOON},1,20001,"]
    code, remarks, _ = run(tmp_path, write(tmp_path / "e.csv", rows), "--map", "online-retail")
    assert (code, remarks) == (3, [("2", "data.buyer_id", "bad_id"), ("3", "data.buyer_id", "bad_id")])
    assert list(intake.events) == ["paid:7"]


@pytest.mark.parametrize(
    ("brand", "named", "code", "codes"),
    [
        ("GBP", None, 0, set()),
        ("CNY", None, 3, {"currency_differs"}),
        ("CNY", "GBP", 0, set()),
        ("CNY", "CNY", 0, set()),
        ("CNY", "gbp", 0, set()),
        ("CNY", "pounds", 2, set()),
    ],
)
def test_the_currency_of_the_file_and_of_the_brand(
    tmp_path: Path, intake: Intake, brand: str, named: str | None, code: int, codes: set[str]
) -> None:
    intake.currency = brand
    file = write(tmp_path / "e.csv", [f"1,A,jug,1,{NOON},1,20001,", f"2,A,jug,1,{NOON},1,20001,"])
    options = ["--currency", named] if named else []
    got, remarks, _ = run(tmp_path, file, "--map", "online-retail", *options)
    assert (got, {remark[2] for remark in remarks}) == (code, codes)
    assert len(intake.events) == (2 if code == 0 else 0)


def test_amounts_are_in_the_minor_unit_of_the_named_currency(tmp_path: Path, intake: Intake) -> None:
    file = write(tmp_path / "e.csv", [f"1,A,jug,3,{NOON},1500,20001,"])
    assert run(tmp_path, file, "--map", "online-retail", "--currency", "JPY")[0] == 0
    assert intake.events["paid:1"]["data"]["lines"][0]["paid_fen"] == 4500


def test_a_file_of_events_needs_no_map(tmp_path: Path, intake: Intake) -> None:
    file = tmp_path / "events.jsonl"
    lines = [json.dumps({"id": f"e{number}", "type": "x", "data": {}}) for number in range(1_500)]
    file.write_text("\n".join([*lines, "oops", '{"id": "666", "data": {"order_id": "666"}}']))
    code, remarks, said = run(tmp_path, file)
    assert (code, remarks) == (3, [("1501", "", "bad_json"), ("1502", "data.buyer_id", "bad_id")])
    assert intake.bodies == [1_000, 501]
    assert "1,502 rows" in said


def test_a_body_refused_as_a_whole_loses_only_the_line_that_spoils_it(tmp_path: Path, intake: Intake) -> None:
    file = tmp_path / "events.jsonl"
    ids = ["e1", "e2", "poison", "e4", "e5"]
    file.write_text("\n".join(json.dumps({"id": event_id, "data": {}}) for event_id in ids))
    assert run(tmp_path, file)[:2] == (3, [("3", "", "bad_json")])
    assert sorted(intake.events) == ["e1", "e2", "e4", "e5"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing.csv", "--map", "online-retail"], "No such file"),
        (["e.csv", "--map", "magento"], "there is no map magento"),
        (["e.csv"], "name its columns with --map"),
        (["e.csv", "--map", "shopify"], "the file has no column Name"),
        (["empty.csv", "--map", "shopify"], "is empty"),
        (["e.csv", "--map", "online-retail", "--brand", "other"], "trefoil brand add other"),
    ],
)
def test_unusable_input_ends_with_2_and_sends_nothing(
    tmp_path: Path, intake: Intake, arguments: list[str], told: str
) -> None:
    write(tmp_path / "e.csv", [f"1,A,jug,1,{NOON},1,20001,"])
    (tmp_path / "empty.csv").write_text("")
    code, remarks, said = run(tmp_path, tmp_path / arguments[0], *arguments[1:])
    assert (code, remarks, intake.bodies) == (2, [], [])
    assert told in said


# --- the report --------------------------------------------------------------------------------------------------

ROW = f"1,A,jug,1,{NOON},1,20001,"


@pytest.mark.parametrize("report", ["no/such/folder/r.csv", ".", "e.csv", "linked.csv", "map.toml"])
def test_a_report_that_cannot_be_or_must_not_be_written_is_refused_first(
    tmp_path: Path, intake: Intake, report: str
) -> None:
    file = write(tmp_path / "e.csv", [ROW])
    (tmp_path / "linked.csv").symlink_to(file)
    layout = tmp_path / "map.toml"
    layout.write_text((MAPS / "online-retail.toml").read_text())
    before = (file.read_bytes(), layout.read_bytes())
    words = ["import", str(file), "--map", str(layout), "--data", str(tmp_path), "--report", str(tmp_path / report)]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, intake.bodies) == (2, [])
    assert "report" in result.output
    assert (file.read_bytes(), layout.read_bytes()) == before


def test_an_old_report_says_nothing_of_a_new_import(tmp_path: Path, intake: Intake) -> None:
    assert run(tmp_path, write(tmp_path / "e.csv", ["1,A"]), "--map", "online-retail")[0] == 3
    (tmp_path / "empty.csv").write_text("")
    words = ["import", str(tmp_path / "empty.csv"), "--map", "shopify", "--data", str(tmp_path)]
    assert CliRunner().invoke(app, [*words, "--report", str(tmp_path / "report.csv")]).exit_code == 2
    assert (tmp_path / "report.csv").read_text() == "row,field,code,message\n"


def test_when_the_platform_refuses_the_key_the_report_tells_what_is_known(tmp_path: Path, intake: Intake) -> None:
    intake.away = True
    file = write(tmp_path / "e.csv", [ROW, f"2,A,jug,one,{NOON},1,20001,"])
    code, remarks, said = run(tmp_path, file, "--map", "online-retail")
    assert (code, remarks) == (1, [("3", "quantity", "bad_quantity")])
    assert "unauthenticated" in said


def test_a_report_that_is_lost_at_the_end_does_not_say_that_nothing_was_sent(
    tmp_path: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def write_once(report: Report) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append("begun")

    monkeypatch.setattr(Report, "write", write_once)
    code, _, said = run(tmp_path, write(tmp_path / "e.csv", [ROW]), "--map", "online-retail")
    assert (code, list(intake.events)) == (1, ["paid:1"])
    assert "No space left" in said


def test_what_was_sent_without_an_answer_counts_as_sent(tmp_path: Path, intake: Intake) -> None:
    intake.lost = tmp_path / "credentials.json"
    code, _, said = run(tmp_path, write(tmp_path / "e.csv", [ROW]), "--map", "online-retail")
    assert code == 1
    assert "start the platform first" in said


# --- the file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [["--map", "online-retail", "--encoding", "utf-8"], []])
def test_a_truncated_archive_is_known_before_anything_is_sent(
    tmp_path: Path, intake: Intake, options: list[str]
) -> None:
    lines = [f"{n},A,jug,1,{NOON},1,20001," for n in range(5_000)]
    if not options:
        lines = [json.dumps({"id": f"e{n}", "type": "x", "data": {}}) for n in range(5_000)]
    path = write(tmp_path / "e.csv", lines)
    packed = tmp_path / "e.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-9])
    code, _, said = run(tmp_path, packed, *options)
    assert (code, intake.bodies) == (2, [])
    assert "end-of-stream" in said


def test_a_guessed_encoding_is_told_and_another_may_be_said(tmp_path: Path, intake: Intake) -> None:
    file = tmp_path / "e.csv"
    file.write_bytes(f"{RETAIL_HEADINGS}\n1,茶葉禮盒,jug,1,{NOON},1,20001,\n".encode("big5"))
    code, remarks, said = run(tmp_path, file, "--map", "online-retail")
    assert (code, remarks) == (0, [("1", "", "encoding_guessed")])
    assert "read as big5" in said
    assert intake.events["paid:1"]["data"]["lines"][0]["product_id"] == "茶葉禮盒"
    intake.events.clear()
    code, remarks, said = run(tmp_path, file, "--map", "online-retail", "--encoding", "gb18030")
    assert (code, remarks) == (0, [])
    assert "read as gb18030, as the command says" in said
    assert run(tmp_path, file, "--map", "online-retail", "--encoding", "utf-8")[0] == 2
    assert run(tmp_path, file, "--map", "online-retail", "--encoding", "martian")[0] == 2


def test_an_array_of_events_is_taken_like_lines(tmp_path: Path, intake: Intake) -> None:
    file = tmp_path / "events.json"
    events = [{"id": f"e{number}", "type": "x", "data": {"text": "\n" * number}} for number in range(1_200)]
    file.write_text(json.dumps([*events, 7], indent=2))
    code, remarks, _ = run(tmp_path, file)
    assert (code, [code for _, _, code in remarks]) == (3, ["bad_json"])
    assert list(intake.events.values()) == events


@pytest.mark.parametrize("text", ['[{"id": "1"}', '[{"id": "1"} {"id": "2"}]', '[{"id": "1"},]x', '[{"id": }]'])
def test_a_broken_array_is_known_before_anything_is_sent(tmp_path: Path, intake: Intake, text: str) -> None:
    file = tmp_path / "events.json"
    file.write_text(text)
    assert (run(tmp_path, file)[0], intake.bodies) == (2, [])


# --- repeats -----------------------------------------------------------------------------------------------------


def test_an_order_that_was_refused_whole_is_taken_from_the_corrected_file(tmp_path: Path, intake: Intake) -> None:
    wrong = write(tmp_path / "e.csv", [ROW, f"1,B,lamp,1,{NOON},2,20001,,surplus"])
    assert run(tmp_path, wrong, "--map", "online-retail")[0] == 3
    right = write(tmp_path / "e.csv", [ROW, f"1,B,lamp,1,{NOON},2,20001,"])
    assert run(tmp_path, right, "--map", "online-retail")[:2] == (0, [])
    assert [line["paid_fen"] for line in intake.events["paid:1"]["data"]["lines"]] == [100, 200]


def test_a_known_order_with_another_address_is_noted_and_with_another_price_refused(
    tmp_path: Path, intake: Intake
) -> None:
    file = write(tmp_path / "e.csv", [f"1,A,jug,1,{NOON},1,20001,France", f"1,B,jug,1,{NOON},1,20001,France"])
    assert run(tmp_path, file, "--map", "online-retail")[0] == 0
    before = json.dumps(intake.events)
    moved = write(tmp_path / "e.csv", [f"1,A,jug,1,{NOON},1,20001,Spain", f"1,B,jug,1,{NOON},1,20001,Spain"])
    assert run(tmp_path, moved, "--map", "online-retail")[:2] == (0, [("2", "order_id", "order_known")])
    dearer = write(tmp_path / "e.csv", [f"1,A,jug,1,{NOON},1,20001,France", f"1,B,jug,1,{NOON},9,20001,France"])
    code, remarks, _ = run(tmp_path, dearer, "--map", "online-retail")
    assert (code, remarks) == (3, [("2", "id", "event_conflict"), ("3", "id", "event_conflict")])
    assert json.dumps(intake.events) == before


def test_progress_of_a_long_file_is_told_where_there_is_no_terminal(
    tmp_path: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopside.importing.cli._TOLD_EVERY", 2)
    file = write(tmp_path / "e.csv", [f"{n},A,jug,1,{NOON},1,20001," for n in range(5)])
    said = run(tmp_path, file, "--map", "online-retail")[2]
    assert [line for line in said.splitlines() if ":" in line][:5] == [
        "reading: 2",
        "reading: 4",
        "judging: 2",
        "judging: 4",
        "sending: 5",
    ]
