"""Returns: matched to the latest earlier purchases of the same product; what is left over is told."""

from typing import Any

from tests.shopside.importing.exports import read, shopify


def day(number: int) -> str:
    return f"3/{number}/2011 12:00"


def sold(invoice: str, on: int, pieces: int, price: str = "2", customer: str = "20001", product: str = "A") -> str:
    return f"{invoice},{product},jug,{pieces},{day(on)},{price},{customer},"


def back(invoice: str, on: int, pieces: int, price: str = "2", customer: str = "20001", product: str = "A") -> str:
    return f"{invoice},{product},jug,-{pieces},{day(on)},{price},{customer},"


def refunds(*rows: str) -> list[tuple[str, str, list[dict[str, Any]]]]:
    return [(data["refund_id"], data["order_id"], data["lines"]) for data in read(list(rows)).data("order.refunded.v1")]


def test_a_return_goes_to_the_purchase_of_the_product() -> None:
    got = read([sold("1", 1, 5), sold("1", 1, 5, product="B"), back("C9", 4, 2)])
    assert got.data("order.refunded.v1") == [
        {
            "refund_id": "C9-1",
            "order_id": "1",
            "refunded_at": "2011-03-04T12:00:00+00:00",
            "lines": [{"line_id": "A", "refund_fen": 400, "quantity": 2}],
        }
    ]
    assert got.findings == []


def test_the_latest_purchase_comes_first_and_a_return_may_span_several() -> None:
    assert refunds(sold("1", 1, 5), sold("2", 2, 3), sold("3", 3, 2), back("C9", 4, 4)) == [
        ("C9-2", "2", [{"line_id": "A", "refund_fen": 400, "quantity": 2}]),
        ("C9-3", "3", [{"line_id": "A", "refund_fen": 400, "quantity": 2}]),
    ]


def test_later_purchases_and_other_customers_are_left_alone() -> None:
    assert refunds(sold("1", 1, 5), sold("2", 5, 5), sold("3", 2, 5, customer="20002"), back("C9", 4, 1)) == [
        ("C9-1", "1", [{"line_id": "A", "refund_fen": 200, "quantity": 1}])
    ]


def test_the_order_of_the_file_does_not_matter() -> None:
    rows = [sold("1", 1, 5), sold("2", 2, 3), back("C9", 4, 4), back("C8", 3, 2)]
    assert read(rows).events == read(rows[::-1]).events


def test_earlier_returns_take_their_pieces_first() -> None:
    assert refunds(sold("1", 1, 2), sold("2", 2, 2), back("C9", 4, 2), back("C8", 3, 2)) == [
        ("C8-2", "2", [{"line_id": "A", "refund_fen": 400, "quantity": 2}]),
        ("C9-1", "1", [{"line_id": "A", "refund_fen": 400, "quantity": 2}]),
    ]


def test_two_rows_of_a_return_on_one_line_are_one_refund() -> None:
    assert refunds(sold("1", 1, 5), back("C9", 4, 1), back("C9", 4, 2)) == [
        ("C9-1", "1", [{"line_id": "A", "refund_fen": 600, "quantity": 3}])
    ]


def test_what_exceeds_the_purchases_is_left_out_and_told() -> None:
    got = read([sold("1", 1, 3), back("C9", 4, 5)])
    assert got.data("order.refunded.v1")[0]["lines"] == [{"line_id": "A", "refund_fen": 600, "quantity": 3}]
    assert got.remarks == [(3, "quantity", "return_exceeds_purchases", True)]
    assert "2 pieces for 400 minor units" in got.findings[0].message


def test_a_return_without_any_purchase_is_refused() -> None:
    got = read([sold("1", 1, 3), back("C9", 4, 1, product="Z"), back("C8", 4, 1, customer="")])
    assert got.refunds == []
    assert got.remarks == [(3, "quantity", "return_unmatched", True), (4, "quantity", "return_unmatched", True)]


def test_a_second_return_of_the_same_pieces_is_refused() -> None:
    got = read([sold("1", 1, 3), back("C8", 4, 3), back("C9", 5, 1)])
    assert got.remarks == [(4, "quantity", "return_unmatched", True)]


def test_a_return_dearer_than_the_purchase_gives_back_what_was_paid() -> None:
    got = read([sold("1", 1, 3, price="2"), back("C9", 4, 3, price="2.50")])
    assert got.data("order.refunded.v1")[0]["lines"] == [{"line_id": "A", "refund_fen": 600, "quantity": 3}]
    assert got.remarks == [(3, "unit_price", "return_above_price", True)]


def test_a_cheaper_return_gives_back_its_own_price() -> None:
    assert refunds(sold("1", 1, 3, price="2"), back("C9", 4, 3, price="1.5"))[0][2] == [
        {"line_id": "A", "refund_fen": 450, "quantity": 3}
    ]


def test_the_parts_of_a_return_sum_to_the_whole() -> None:
    got = read([sold("1", 1, 1, price="1"), sold("2", 2, 1, price="1"), sold("3", 3, 1, price="1"),
                back("C9", 4, 3, price="0.335")])  # fmt: skip
    parts = [line["refund_fen"] for data in got.data("order.refunded.v1") for line in data["lines"]]
    assert (sorted(parts), sum(parts)) == ([33, 34, 34], 101)


def test_a_negative_quantity_without_a_mark_is_a_return_and_noted() -> None:
    got = read([sold("1", 1, 3), back("2", 4, 1)])
    assert got.data("order.refunded.v1")[0]["refund_id"] == "2-1"
    assert got.remarks == [(3, "quantity", "return_unmarked", False)]


def test_a_negative_line_within_a_sale_is_a_return_of_that_day() -> None:
    got = read([sold("1", 1, 3), back("1", 1, 1)])
    assert [event["type"] for event in got.events] == ["order.paid.v1", "order.refunded.v1"]
    assert got.remarks == [(3, "quantity", "return_unmarked", False)]


def test_a_correction_of_stock_is_refused() -> None:
    got = read([back("2", 4, 80, price="0", customer="")])
    assert (got.refunds, got.remarks) == ([], [(2, "unit_price", "zero_return", True)])


def test_returned_freight_is_refused() -> None:
    got = read([sold("1", 1, 3), back("C9", 4, 1, product="POST")])
    assert (got.refunds, got.remarks) == ([], [(3, "product_id", "freight_return", True)])


def test_a_refund_of_an_amount_is_spread_over_the_lines() -> None:
    got = shopify(
        {"Lineitem price": "100.00", "Lineitem sku": "A", "Financial Status": "partially_refunded",
         "Refunded Amount": "50.01"},
        {"Lineitem price": "200.00", "Lineitem sku": "B", "Financial Status": "", "Paid at": "", "Currency": ""},
    )  # fmt: skip
    assert got.data("order.refunded.v1") == [
        {
            "refund_id": "1-refund",
            "order_id": "1",
            "refunded_at": "2026-03-02T10:15:09+08:00",
            "lines": [{"line_id": "A", "refund_fen": 1667}, {"line_id": "B", "refund_fen": 3334}],
        }
    ]
    assert got.remarks == [(2, "refunded", "refund_time_assumed", False)]


def test_a_refund_above_the_lines_stops_at_what_was_paid() -> None:
    got = shopify({"Financial Status": "refunded", "Refunded Amount": "89.00", "Shipping": "10.00"})
    assert got.data("order.refunded.v1")[0]["lines"] == [{"line_id": "CUP-004", "refund_fen": 7900}]
    assert (2, "refunded", "refund_beyond_lines", False) in got.remarks
