"""From rows to orders: each kind of mess has one treatment, and none is silent."""

import pytest

from core.limits import LINES_PER_ORDER_MAX
from events.envelope import Envelope
from events.shop import SHOP
from shopside.importing.layout import Layout, read_layout
from tests.shopside.importing.exports import SHOPIFY_HEADINGS, read, shopify

NOON = "3/1/2011 12:00"


def lines_of(*rows: str) -> list[tuple[str, str, int, int]]:
    (order,) = read(list(rows)).orders
    return [(line["line_id"], line["product_id"], line["quantity"], line["paid_fen"]) for line in order["lines"]]


def test_rows_of_one_invoice_are_one_order() -> None:
    got = read([f"700001,A,jug,4,{NOON},3.25,20001,France", f"700001,B,lamp,1,{NOON},10,20001,France"])
    assert got.findings == []
    assert got.events == [
        {
            "specversion": "1.0",
            "id": "paid:700001",
            "source": "import/online-retail",
            "type": "order.paid.v1",
            "time": "2011-03-01T12:00:00+00:00",
            "subject": "700001",
            "data": {
                "order_id": "700001",
                "buyer_id": "20001",
                "channel": "online-retail",
                "placed_at": "2011-03-01T12:00:00+00:00",
                "paid_at": "2011-03-01T12:00:00+00:00",
                "lines": [
                    {"line_id": "A", "product_id": "A", "category": "general", "quantity": 4, "paid_fen": 1300},
                    {"line_id": "B", "product_id": "B", "category": "general", "quantity": 1, "paid_fen": 1000},
                ],
                "freight_fen": 0,
                "region": "France",
            },
        }
    ]


def test_events_are_of_the_contract() -> None:
    got = read([f"1,A,jug,4,{NOON},3.25,20001,France", "C2,A,jug,-1,3/2/2011 12:00,3.25,20001,France"])
    got_shopify = shopify({"Fulfilled at": "2026-03-03 16:20:00 +0800"}, {"Name": "#2", "Cancelled at": ""})
    for event in got.events + got_shopify.events:
        Envelope.model_validate(event)
        {c.type: c.sent for c in SHOP}[event["type"]].model_validate(event["data"])
    assert len(got.events + got_shopify.events) == 5


def test_times_are_of_the_zone_of_the_map() -> None:
    (order,) = read(["1,A,jug,1,7/1/2011 12:00,1,20001,France"]).orders
    assert order["placed_at"] == "2011-07-01T12:00:00+01:00"


def test_the_second_edition_of_the_layout_has_other_headings() -> None:
    headings = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    got = read(["489434,85048,LIGHTS,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom"], headings)
    assert [(order["order_id"], order["buyer_id"], order["lines"][0]["paid_fen"]) for order in got.orders] == [
        ("489434", "13085", 8340)
    ]


def test_rows_of_an_order_need_not_stand_together() -> None:
    rows = [f"1,A,jug,1,{NOON},1,20001,", f"2,A,jug,1,{NOON},1,20001,", f"1,B,lamp,1,{NOON},1,20001,"]
    assert [(order["order_id"], len(order["lines"])) for order in read(rows).orders] == [("1", 2), ("2", 1)]


# --- customers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("customer", ["", "nan", "NULL", "N/A"])
def test_an_order_without_a_customer_gets_a_guest(customer: str) -> None:
    got = read([f"700002,A,jug,1,{NOON},1,{customer},France", f"700002,B,jug,1,{NOON},1,{customer},France"])
    assert got.orders[0]["buyer_id"] == "guest-700002"
    assert got.remarks == [(2, "buyer_id", "guest_buyer", False)]


def test_a_second_customer_in_an_order_refuses_the_order() -> None:
    got = read([f"1,A,jug,1,{NOON},1,20001,", f"1,B,jug,1,{NOON},1,20002,"])
    assert got.orders == []
    assert got.remarks == [(2, "order_id", "order_incomplete", True), (3, "buyer_id", "order_customer_differs", True)]


@pytest.mark.parametrize(
    ("cell", "buyer"), [("12345.0", "12345"), ("'00123", "00123"), (" 12345 ", "12345"), ("a/b", "a%2Fb")]
)
def test_what_spreadsheets_do_to_ids_is_undone(cell: str, buyer: str) -> None:
    assert read([f"1,A,jug,1,{NOON},1,{cell},"]).orders[0]["buyer_id"] == buyer


def test_lost_leading_zeros_come_back_where_the_map_knows_the_width() -> None:
    layout = Layout.model_validate(
        {**read_layout("online-retail").model_dump(), "pad": {"buyer_id": 8, "product_id": 5}}
    )
    (order,) = read([f"1,123,jug,1,{NOON},1,4711.0,"], layout=layout).orders
    assert (order["buyer_id"], order["lines"][0]["product_id"]) == ("00004711", "00123")


def test_digits_that_a_spreadsheet_threw_away_are_not_invented() -> None:
    got = read([f"1,A,jug,1,{NOON},1,1.23E+12,"])
    assert (got.orders, got.remarks) == ([], [(2, "buyer_id", "excel_digits_lost", True)])


# --- lines -------------------------------------------------------------------------------------------------------


def test_one_product_on_several_lines_stays_several_lines() -> None:
    assert lines_of(
        f"1,A,jug,4,{NOON},3.25,20001,", f"1,A,jug,2,{NOON},3.25,20001,", f"1,A,jug,4,{NOON},3.25,20001,"
    ) == [
        ("A", "A", 2, 650),
        ("A~2", "A", 4, 1300),
        ("A~3", "A", 4, 1300),
    ]


def test_the_order_of_rows_changes_no_event() -> None:
    rows = [
        f"1,B,jug,4,{NOON},3.25,20001,France",
        f"1,A,jug,2,{NOON},3.25,20001,France",
        f"1,A,jug,1,{NOON},3.25,20001,France",
    ]
    assert read(rows).events == read(rows[::-1]).events


def test_a_price_of_zero_is_a_gift() -> None:
    assert lines_of(f"1,A,jug,4,{NOON},3.25,20001,", f"1,B,card,1,{NOON},0,20001,") == [
        ("A", "A", 4, 1300),
        ("B", "B", 1, 0),
    ]


def test_a_tenth_of_a_minor_unit_is_rounded_per_line_and_noted() -> None:
    got = read(
        [f"1,A,pads,1,{NOON},0.001,20001,", f"1,B,pads,15,{NOON},0.001,20001,", f"1,C,pads,10,{NOON},0.001,20001,"]
    )
    assert [line["paid_fen"] for line in got.orders[0]["lines"]] == [0, 2, 1]
    assert got.remarks == [(2, "unit_price", "rounded", False), (3, "unit_price", "rounded", False)]


def test_an_order_in_which_everything_is_free_is_taken_and_noted() -> None:
    got = read([f"1,A,jug,1,{NOON},0,20001,", f"1,B,jug,1,{NOON},0.0,20001,"])
    assert [line["paid_fen"] for line in got.orders[0]["lines"]] == [0, 0]
    assert got.remarks == [(2, "unit_price", "zero_order", False)]


def test_as_many_lines_as_there_may_be_are_an_order() -> None:
    got = read([f"1,P{number},jug,1,{NOON},1,20001," for number in range(LINES_PER_ORDER_MAX)])
    assert (len(got.orders[0]["lines"]), got.findings) == (LINES_PER_ORDER_MAX, [])


def test_one_line_more_is_refused_row_by_row() -> None:
    got = read([f"1,P{number},jug,1,{NOON},1,20001," for number in range(LINES_PER_ORDER_MAX + 1)])
    assert got.orders == []
    assert got.remarks == [(row, "order_id", "too_many_lines", True) for row in range(2, LINES_PER_ORDER_MAX + 3)]


def test_freight_sold_as_a_product_is_the_orders_freight() -> None:
    got = read(
        [f"1,A,jug,1,{NOON},5,20001,", f"1,POST,POSTAGE,2,{NOON},6.50,20001,", f"1,C2,CARRIAGE,1,{NOON},50,20001,"]
    )
    (paid,) = got.data("order.paid.v1")
    assert (len(paid["lines"]), paid["freight_fen"], got.findings) == (1, 6300, [])


def test_an_order_of_freight_alone_is_refused() -> None:
    got = read([f"1,DOT,DOTCOM POSTAGE,1,{NOON},11.17,20001,"])
    assert (got.orders, got.remarks) == ([], [(2, "product_id", "freight_only", True)])


def test_the_shops_own_fees_are_no_sales() -> None:
    got = read([f"1,AMAZONFEE,AMAZON FEE,1,{NOON},13541.33,,", f"C2,BANK CHARGES,Bank Charges,-1,{NOON},21.90,,"])
    assert got.events == []
    assert got.remarks == [(2, "product_id", "not_goods", True), (3, "product_id", "not_goods", True)]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (f",A,jug,1,{NOON},1,20001,", "order_id", "missing_order_id"),
        (f"1,,jug,1,{NOON},1,20001,", "product_id", "missing_product"),
        (f"1,A,jug,one,{NOON},1,20001,", "quantity", "bad_quantity"),
        (f"1,A,jug,1.5,{NOON},1,20001,", "quantity", "bad_quantity"),
        (f"1,A,jug,0,{NOON},1,20001,", "quantity", "zero_quantity"),
        (f"1,A,jug,1000001,{NOON},1,20001,", "quantity", "out_of_range"),
        (f"C1,A,jug,1,{NOON},1,20001,", "quantity", "bad_quantity"),
        (f"1,A,jug,1,{NOON},,20001,", "unit_price", "bad_price"),
        (f"1,A,jug,1,{NOON},1e9,20001,", "unit_price", "bad_price"),
        (f"1,A,jug,1,{NOON},-11062.06,20001,", "unit_price", "negative_price"),
        (f"1,A,jug,1,{NOON},10000000001,20001,", "unit_price", "out_of_range"),
        ("1,A,jug,1,13/13/2011 12:00,1,20001,", "placed_at", "bad_time"),
        ("1,A,jug,1,,1,20001,", "placed_at", "bad_time"),
        (f"1,A\x00,jug,1,{NOON},1,20001,", "product_id", "bad_id"),
        (f"1,{'A' * 129},jug,1,{NOON},1,20001,", "product_id", "bad_id"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row: str, field: str, code: str) -> None:
    got = read([row])
    assert (got.orders, got.remarks) == ([], [(2, field, code, True)])


def test_one_bad_row_refuses_its_order_and_no_other() -> None:
    got = read([f"1,A,jug,1,{NOON},1,20001,", f"1,B,jug,x,{NOON},1,20001,", f"2,A,jug,1,{NOON},1,20001,"])
    assert [order["order_id"] for order in got.orders] == ["2"]
    assert got.remarks == [(2, "order_id", "order_incomplete", True), (3, "quantity", "bad_quantity", True)]


def test_the_earliest_time_of_an_order_counts() -> None:
    got = read(["1,A,jug,1,3/1/2011 12:01,1,20001,", "1,B,jug,1,3/1/2011 12:00,1,20001,"])
    assert got.orders[0]["placed_at"] == "2011-03-01T12:00:00+00:00"
    assert got.remarks == [(3, "placed_at", "order_time_differs", False)]


# --- currency ----------------------------------------------------------------------------------------------------


def test_a_file_in_another_currency_is_refused_row_by_row() -> None:
    got = read([f"1,A,jug,1,{NOON},1,20001,", f"2,A,jug,1,{NOON},1,20001,"], currency="CNY")
    assert got.orders == []
    assert got.remarks == [(2, "currency", "currency_differs", True), (3, "currency", "currency_differs", True)]


def test_each_order_of_a_mixed_file_is_judged_by_its_own_currency() -> None:
    got = shopify({"Name": "#1"}, {"Name": "#2", "Currency": "USD"})
    assert [order["order_id"] for order in got.orders] == ["1"]
    assert got.remarks == [(3, "currency", "currency_differs", True)]


# --- Shopify -----------------------------------------------------------------------------------------------------


def test_further_lines_of_an_order_leave_its_fields_empty() -> None:
    more = {
        "Financial Status": "",
        "Paid at": "",
        "Currency": "",
        "Lineitem sku": "TEA-018",
        "Lineitem price": "199.00",
    }
    got = shopify({"Shipping": "8.00", "Subtotal": "278.00"}, more)
    (paid,) = got.data("order.paid.v1")
    assert [(line["line_id"], line["paid_fen"]) for line in paid["lines"]] == [("CUP-004", 7900), ("TEA-018", 19900)]
    assert (paid["order_id"], paid["freight_fen"]) == ("1", 800)
    assert (paid["placed_at"], paid["paid_at"]) == ("2026-03-02T10:14:51+08:00", "2026-03-02T10:15:09+08:00")
    assert got.findings == []


def test_personal_fields_go_nowhere_but_into_their_fields() -> None:
    got = shopify(
        {
            "Email": "Lin.Qing@example.com",
            "Shipping Street": "梧川东路88号",
            "Shipping City": "杭州市",
            "Shipping Province": "浙江省",
            "Shipping Phone": "'13800000001",
            "Shipping Zip": "'310000",
        }
    )
    (event,) = got.events
    assert event["data"]["phone"] == "13800000001"
    assert event["data"]["address"] == {"province": "浙江省", "city": "杭州市", "county": "", "detail": "梧川东路88号"}
    assert event["data"]["buyer_id"].startswith("email-")
    assert "example.com" not in str(event)
    assert shopify({"Email": "lin.qing@example.com "}).orders[0]["buyer_id"] == event["data"]["buyer_id"]


def test_without_an_email_the_phone_tells_the_buyer_and_without_both_it_is_a_guest() -> None:
    by_phone = shopify({"Email": "", "Shipping Phone": "13800000001"})
    assert by_phone.orders[0]["buyer_id"].startswith("phone-")
    guest = shopify({"Email": ""})
    assert guest.orders[0]["buyer_id"] == "guest-1"
    assert guest.remarks == [(2, "buyer_id", "guest_buyer", False)]


def test_a_phone_that_lost_its_digits_is_left_out_and_noted() -> None:
    got = shopify({"Shipping Phone": "1.38E+10"})
    assert "phone" not in got.data("order.paid.v1")[0]
    assert got.remarks == [(2, "phone", "excel_digits_lost", False)]


def test_a_line_without_a_sku_is_known_by_its_name() -> None:
    assert (
        shopify({"Lineitem sku": "", "Lineitem name": "Silk scarf"}).orders[0]["lines"][0]["product_id"] == "Silk scarf"
    )


def test_discounts_of_lines_and_of_the_whole_order() -> None:
    got = shopify(
        {"Lineitem price": "100.00", "Lineitem discount": "10.00", "Lineitem sku": "A", "Subtotal": "100.01"},
        {"Lineitem price": "30.00", "Lineitem sku": "B"},
    )
    assert [line["paid_fen"] for line in got.orders[0]["lines"]] == [7501, 2500]
    assert got.remarks == [(2, "subtotal", "discount_spread", False)]


def test_a_subtotal_above_the_lines_changes_nothing_and_is_noted() -> None:
    got = shopify({"Subtotal": "99.00"})
    assert got.orders[0]["lines"][0]["paid_fen"] == 7900
    assert got.remarks == [(2, "subtotal", "subtotal_differs", False)]


def test_a_discount_above_the_line_is_refused() -> None:
    assert shopify({"Lineitem discount": "79.01"}).remarks == [(2, "line_discount", "discount_above_price", True)]


@pytest.mark.parametrize("status", ["pending", "authorized", "voided", "expired", "partially_paid", ""])
def test_orders_that_were_not_paid_are_refused(status: str) -> None:
    got = shopify({"Financial Status": status})
    assert (got.orders, got.remarks) == ([], [(2, "status", "not_paid", True)])


def test_fulfilment_becomes_a_completion_after_the_days_of_the_map() -> None:
    got = shopify({"Fulfilled at": "2026-03-03 16:20:00 +0800"})
    assert got.data("order.completed.v1") == [{"order_id": "1", "completed_at": "2026-03-10T16:20:00+08:00"}]


def test_a_cancelled_order_is_paid_and_cancelled_and_neither_refunded_nor_completed() -> None:
    got = shopify(
        {
            "Cancelled at": "2026-03-04 08:10:00 +0800",
            "Refunded Amount": "79.00",
            "Fulfilled at": "2026-03-03 16:20:00 +0800",
        }
    )
    assert [event["type"] for event in got.events] == ["order.paid.v1", "order.cancelled.v1"]
    assert got.data("order.cancelled.v1") == [{"order_id": "1", "cancelled_at": "2026-03-04T08:10:00+08:00"}]


def test_completion_may_be_counted_from_the_payment() -> None:
    layout = Layout.model_validate({**read_layout("online-retail").model_dump(), "completed_after_days": 14})
    got = read([f"1,A,jug,1,{NOON},1,20001,"], layout=layout)
    assert got.data("order.completed.v1") == [{"order_id": "1", "completed_at": "2011-03-15T12:00:00+00:00"}]


def test_shopify_headings_of_the_tests_are_those_of_the_map() -> None:
    named = {name for names in read_layout("shopify").columns.model_dump().values() for name in names}
    assert set(SHOPIFY_HEADINGS.split(",")) - named == {"Shipping Zip"}


def test_an_order_that_is_refused_gets_no_notes() -> None:
    got = read([f"1,A,pads,1,{NOON},0.001,,"], currency="CNY")
    assert got.remarks == [(2, "currency", "currency_differs", True)]
