"""An order is taken whole or not at all, and what its rows say differently is never settled by the first of them."""

from typing import Any

import pytest

from core.limits import IMPORT_ORDER_ROWS_MAX
from tests.shopside.importing.exports import plain, shopify

NOON = "2026-03-01 12:00:00"


def row(order: str, product: str = "A", price: str = "10", quantity: str = "1", buyer: str = "b1") -> str:
    return f"{order},{buyer},{NOON},{product},{quantity},{price}"


# --- rows that are damaged ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damaged", "code"),
    [
        (row("1", "B") + ",extra", "too_many_cells"),
        (f"1,b1,{NOON},B,1", "too_few_cells"),
        ("1", "too_few_cells"),
        (f'1,b1,{NOON},"B,1,20', "bad_row"),
        (f"1,b1,{NOON},B,one,20", "bad_quantity"),
        (f"1,b1,{NOON},,1,20", "missing_product"),
        ("1,b1,yesterday,B,1,20", "bad_time"),
        (f"1,b1,{NOON},B,1,US$ 20", "currency_differs"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_whatever_is_wrong_with_one_row_its_order_is_not_taken(damaged: str, code: str, place: int) -> None:
    rows = [row("1"), row("1", "C")]
    rows.insert(place, damaged)
    got = plain(*rows, row("2"))
    assert got.paid() == {"2": [1000]}
    assert got.refused == [(2 + n, code if n == place else "order_incomplete") for n in range(3)]


def test_a_cell_too_many_before_the_order_number_is_known_from_the_other_end() -> None:
    got = plain(
        f"b1,{NOON},A,1,10,77",
        f"b1,{NOON},surplus,A,1,10,77",
        f"b2,{NOON},A,1,10,78",
        headings="buyer,time,sku,qty,price,order",
    )
    assert got.paid() == {"78": [1000]}
    assert got.refused == [(2, "order_incomplete"), (3, "too_many_cells")]


def test_a_row_without_an_order_number_spoils_the_order_above_it() -> None:
    got = plain(row("1"), ",,,B,1,20", row("2"))
    assert got.paid() == {"2": [1000]}
    assert got.refused == [(2, "order_incomplete"), (3, "missing_order_id")]


def test_merged_cells_are_filled_down_where_the_map_says_so() -> None:
    fill = ["order_id", "buyer_id", "placed_at"]
    got = plain(row("1"), ",,,B,1,20", row("2", buyer="b2"), ",,,B,2,5", fill_down=fill)
    assert got.paid() == {"1": [1000, 2000], "2": [1000, 1000]}
    assert [order["buyer_id"] for order in got.orders] == ["b1", "b2"]
    assert got.findings == []


def test_only_the_order_that_goes_on_is_filled_down() -> None:
    got = plain(row("1"), f"2,,{NOON},B,1,20", fill_down=["order_id", "buyer_id"])
    assert [order["buyer_id"] for order in got.orders] == ["b1", "guest-2"]


def test_empty_cells_beyond_the_headings_are_no_fault() -> None:
    assert plain(row("1") + ",", row("2") + ",,,").paid() == {"1": [1000], "2": [1000]}


def test_a_row_of_a_huge_order_is_refused_like_all_others() -> None:
    got = plain(*(row("1", f"P{n}") for n in range(IMPORT_ORDER_ROWS_MAX + 5)), row("2"))
    assert got.paid() == {"2": [1000]}
    assert {code for _, code in got.refused} == {"too_many_lines"}
    assert len(got.refused) == IMPORT_ORDER_ROWS_MAX + 5


def test_the_same_file_with_its_orders_torn_apart_makes_the_same_events() -> None:
    rows = [row(order, product) for order in "123" for product in "ABC"]
    assert plain(*rows).events == plain(*rows[::3], *rows[1::3], *rows[2::3]).events


# --- rows that differ --------------------------------------------------------------------------------------------

COLUMNS = {
    "currency": "currency",
    "status": "status",
    "refunded": "refund",
    "freight": "freight",
    "promoter_id": "promoter",
    "paid_at": "paid",
    "cancelled_at": "cancelled",
    "phone": "phone",
    "detail": "address",
}
FIRST = {
    "currency": "CNY",
    "status": "paid",
    "refund": "4.00",
    "freight": "1.00",
    "promoter": "p1",
    "paid": "2026-03-01 12:01:00",
    "cancelled": "2026-03-02 12:00:00",
    "phone": "13800000001",
    "address": "Road 1",
}


def two_rows(name: str, first: str, second: str, **keys: Any) -> Any:
    """One order of two rows that have one more column."""
    field = next(field for field, heading in COLUMNS.items() if heading == name)
    return plain(
        f"{row('1')},{first}",
        f"{row('1', 'B', '20')},{second}",
        row("2") + "," + first,
        headings=f"order,buyer,time,sku,qty,price,{name}",
        columns={field: name},
        **keys,
    )


@pytest.mark.parametrize(
    ("name", "second", "field", "code"),
    [
        ("currency", "USD", "currency", "currency_differs"),
        ("refund", "20.00", "refunded", "order_differs"),
        ("refund", "0.00", "refunded", "order_differs"),
        ("freight", "2.50", "freight", "order_differs"),
        ("promoter", "p2", "promoter_id", "order_differs"),
        ("paid", "2026-03-05 12:01:00", "paid_at", "order_differs"),
        ("cancelled", "2026-03-05 12:00:00", "cancelled_at", "order_differs"),
        ("phone", "13800000002", "phone", "order_differs"),
        ("address", "Road 2", "detail", "order_differs"),
    ],
)
def test_rows_that_say_different_things_of_their_order_refuse_it(name: str, second: str, field: str, code: str) -> None:
    got = two_rows(name, FIRST[name], second)
    assert list(got.paid()) == ["2"]
    assert [remark for remark in got.remarks if remark[3]] == [
        (2, "order_id", "order_incomplete", True),
        (3, field, code, True),
    ]


def test_a_second_status_is_judged_too() -> None:
    got = two_rows("status", "paid", "pending", paid_statuses=["paid"])
    assert list(got.paid()) == ["2"]
    assert got.refused == [(2, "order_incomplete"), (3, "not_paid")]


def test_statuses_that_are_all_paid_may_differ() -> None:
    got = two_rows("status", "paid", "refunded", paid_statuses=["paid", "refunded"])
    assert got.paid() == {"1": [1000, 2000], "2": [1000]}


@pytest.mark.parametrize("name", [name for name in FIRST if name not in ("status", "currency")])
def test_rows_that_say_the_same_or_nothing_agree(name: str) -> None:
    for second in (FIRST[name], ""):
        assert list(two_rows(name, FIRST[name], second).paid()) == ["1", "2"]


def test_the_spelling_of_a_value_is_no_difference() -> None:
    assert list(two_rows("freight", "1.00", "1").paid()) == ["1", "2"]
    assert list(two_rows("phone", "13800000001", "+86 138-0000-0001").paid()) == ["1", "2"]
    assert list(two_rows("currency", "CNY", "rmb").paid()) == ["1", "2"]


def test_what_happened_to_a_later_line_alone_did_not_happen_to_the_order() -> None:
    got = two_rows("cancelled", "", FIRST["cancelled"])
    assert got.refused == [(2, "order_incomplete"), (3, "order_differs")]


def test_a_row_that_speaks_of_its_order_and_leaves_something_out_does_not_agree() -> None:
    got = plain(
        f"{row('1')},p1,{FIRST['cancelled']}",
        f"{row('1', 'B')},p1,",
        headings="order,buyer,time,sku,qty,price,promoter,cancelled",
        columns={"promoter_id": "promoter", "cancelled_at": "cancelled"},
    )
    assert got.refused == [(2, "order_incomplete"), (3, "order_differs")]


def test_the_fields_of_an_order_may_stand_on_any_one_of_its_rows() -> None:
    speaking = {"Refunded Amount": "9.00", "Cancelled at": ""}
    silent = {"Financial Status": "", "Paid at": "", "Currency": "", "Lineitem sku": "B"}
    assert shopify(speaking, silent).events == shopify(silent, speaking).events
    assert len(shopify(speaking, silent).refunds) == 1


def test_an_amount_that_stands_on_each_row_counts_once_and_is_noted() -> None:
    got = two_rows("freight", "1.00", "1.00")
    assert [order["freight_fen"] for order in got.orders] == [100, 100]
    assert got.remarks == [(2, "freight", "amount_repeated", False)]


def test_refund_and_freight_of_each_line_where_the_map_says_so() -> None:
    got = plain(
        f"{row('1')},4.00,1.00",
        f"{row('1', 'B', '20')},20.00,2.50",
        headings="order,buyer,time,sku,qty,price,refund,freight",
        columns={"refunded": "refund", "freight": "freight"},
        per_line=["refunded", "freight"],
    )
    assert got.orders[0]["freight_fen"] == 350
    assert got.refunds[0]["lines"] == [{"line_id": "A", "refund_fen": 400}, {"line_id": "B", "refund_fen": 2000}]


def test_a_refund_above_its_line_stops_at_what_was_paid() -> None:
    got = plain(
        f"{row('1')},14.00",
        f"{row('1', 'B', '20')},0",
        headings="order,buyer,time,sku,qty,price,refund",
        columns={"refunded": "refund"},
        per_line=["refunded"],
    )
    assert got.refunds[0]["lines"] == [{"line_id": "A", "refund_fen": 1000}]
    assert (2, "refunded", "refund_beyond_lines", False) in got.remarks


# --- who bought --------------------------------------------------------------------------------------------------


def buyer_by_phone(phone: str) -> str:
    got = plain(
        f"1,{NOON},A,1,10,{phone}",
        headings="order,time,sku,qty,price,phone",
        columns={"buyer_id": (), "phone": "phone"},
    )
    return str(got.orders[0]["buyer_id"])


@pytest.mark.parametrize(
    "phone",
    ["+86 138-0000-0001", "8613800000001", "008613800000001", "138 0000 0001", "'13800000001", "１３８００００００01"],
)
def test_one_phone_is_one_buyer_however_it_is_written(phone: str) -> None:
    assert buyer_by_phone(phone) == buyer_by_phone("13800000001")
    assert buyer_by_phone(phone).startswith("phone-")


@pytest.mark.parametrize("phone", ["138****0001", "13800000001-1234", "13800000001转12", "1.38E+10", "无", "/"])
def test_a_phone_that_names_nobody_makes_a_guest(phone: str) -> None:
    assert buyer_by_phone(phone) == "guest-1"


def test_other_countries_have_numbers_of_their_own() -> None:
    assert buyer_by_phone("+44 20 7946 0018") == buyer_by_phone("0044 (0)20 79460018")
    assert buyer_by_phone("+44 20 7946 0018") != buyer_by_phone("020 7946 0018")
