"""Zones: named by the cell, by a column or by the map; a word of several meanings is refused."""

from typing import Any

import pytest

from tests.shopside.importing.exports import Read, plain


def at(text: str, time_format: str = "%Y-%m-%d %H:%M:%S %Z", **keys: Any) -> Read:
    return plain(f"1,b1,{text},A,1,1", time_formats=[time_format], **keys)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01 10:00:00 UTC", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01 10:00:00 GMT", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01 10:00:00Z", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01 10:00:00 Asia/Shanghai", "2026-03-01T10:00:00+08:00"),
        ("2026-07-01 10:00:00 Europe/London", "2026-07-01T10:00:00+01:00"),
        ("2026-03-01 10:00:00 GMT+01:00", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01 10:00:00 UTC-5", "2026-03-01T10:00:00-05:00"),
    ],
)
def test_a_zone_by_its_name(text: str, instant: str) -> None:
    assert at(text).orders[0]["placed_at"] == instant


@pytest.mark.parametrize("word", ["CST", "PST", "EST", "IST", "CET", "Mars/Base", "GMT+99"])
def test_a_word_that_does_not_say_which_zone_is_refused(word: str) -> None:
    got = at(f"2026-03-01 10:00:00 {word}")
    assert (got.orders, got.remarks) == ([], [(2, "placed_at", "unknown_zone", True)])


def test_the_map_says_what_a_word_means() -> None:
    zones = {"CST": "Asia/Shanghai", "PST": "-08:00"}
    assert at("2026-03-01 10:00:00 CST", zones=zones).orders[0]["placed_at"] == "2026-03-01T10:00:00+08:00"
    assert at("2026-03-01 10:00:00 pst", zones=zones).orders[0]["placed_at"] == "2026-03-01T10:00:00-08:00"


def test_a_time_without_the_zone_that_its_format_asks_for_is_no_time() -> None:
    assert at("2026-03-01 10:00:00").refused == [(2, "bad_time")]


@pytest.mark.parametrize(("word", "instant"), [("UTC", "+00:00"), ("", "+08:00")])
def test_a_column_may_name_the_zone(word: str, instant: str) -> None:
    got = plain(
        f"1,b1,2026-03-01 10:00:00,A,1,1,{word}",
        headings="order,buyer,time,sku,qty,price,zone",
        columns={"time_zone": "zone"},
    )
    assert got.orders[0]["placed_at"] == f"2026-03-01T10:00:00{instant}"
