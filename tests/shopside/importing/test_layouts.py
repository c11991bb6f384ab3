"""What a map can say of a file: where its rows begin and end, which are no sales, and what no column tells."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopside.importing.findings import Unusable
from shopside.importing.layout import Layout, read_layout
from tests.shopside.importing.exports import PLAIN, Cell, plain, read_file, read_text, workbook

NOON = "2026-03-01 12:00:00"
HEADINGS = "order,buyer,time,sku,qty,price"
ROW = f"1,b1,{NOON},A,2,10.50"


# --- quotes ------------------------------------------------------------------------------------------------------


def rows(count: int) -> list[str]:
    return [f"{n},b{n},{NOON},A,1,10.00" for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("strays", "refused"),
    [
        ({5: 'A,1,10.00|"A,1,10.00'}, [6]),
        ({5: 'A,1|"A,1', 9: 'A,1|A",1'}, [6]),
        ({5: 'A,1,10.00|"A,1,10.00', 7: 'A,1,10.00|A,1,10.00"'}, [6, 8]),
        ({5: 'A,1|"A,1', 9: 'A,1|"A,1'}, [6, 10]),
        ({99: 'A,1|"A,1'}, [100]),
        ({5: 'A,1|"A"x,1'}, [6]),
        ({5: '1,10.00|"1,10.00', 7: '7,b7|7",b7'}, [6, 8]),
    ],
)
def test_a_stray_quote_swallows_no_row(strays: dict[int, str], refused: list[int]) -> None:
    written = rows(100)
    for number, change in strays.items():
        before, _, after = change.partition("|")
        written[number - 1] = written[number - 1].replace(before, after)
    got = plain(*written)
    assert [row for row, code in got.refused if code in ("bad_row", "bad_price", "bad_id")] == refused
    assert len(got.orders) == 100 - len(refused)


def test_a_quote_inside_a_cell_is_part_of_it() -> None:
    got = plain(f'1,b1,{NOON},5" pipe,1,10', f'2,b1,{NOON},"a ""b"", c",1,10')
    assert [order["lines"][0]["product_id"] for order in got.orders] == ['5" pipe', 'a "b", c']


def test_a_cell_of_several_lines_is_one_cell() -> None:
    got = plain(f'1,b1,{NOON},A,1,10,"Road 1\nFlat 2"', f"2,b1,{NOON},A,1,10,x", headings=HEADINGS + ",note")
    assert (list(got.paid()), got.findings) == (["1", "2"], [])


# --- where the rows stand ----------------------------------------------------------------------------------------


def test_lines_before_the_headings_are_skipped_or_searched_through() -> None:
    text = f"Exported 2026-03-02\n2 orders, all shops\n{HEADINGS}\n{ROW}\n"
    for key in ({"skip_lines": 2}, {"find_headings": True}):
        got = read_text(text, {**PLAIN, **key})
        assert (got.paid(), got.findings) == ({"1": [2100]}, [])
    with pytest.raises(Unusable, match=r"no column order.*line 3 has them all: say skip_lines = 2"):
        read_text(text, PLAIN)
    with pytest.raises(Unusable, match="no column order or that"):
        read_text("a,b\n1,2\n", {**PLAIN, "columns": {**PLAIN["columns"], "order_id": ["order", "that"]}})  # type: ignore[dict-item]


def test_headings_that_are_nowhere_are_not_found() -> None:
    with pytest.raises(Unusable, match="none of the first 100 lines"):
        read_text("a,b\n" * 200, {**PLAIN, "find_headings": True})


def test_two_lines_of_headings_are_one() -> None:
    text = f"Order,,,Goods,,,Fee\norder,buyer,time,sku,qty,price,\n{ROW},3\n"
    got = read_text(text, {**PLAIN, "heading_lines": 2, "columns": {**PLAIN["columns"], "freight": "Fee"}})  # type: ignore[dict-item]
    assert [order["freight_fen"] for order in got.orders] == [300]


def test_a_heading_that_two_groups_have_is_named_with_its_group() -> None:
    text = f"Shop,,,,,,Platform\norder,buyer,time,sku,qty,price,price\n{ROW},99\n"
    columns = {**PLAIN["columns"], "unit_price": "Shop_price"}  # type: ignore[dict-item]
    assert read_text(text, {**PLAIN, "heading_lines": 2, "columns": columns}).paid() == {"1": [2100]}


def test_a_needed_heading_that_stands_twice_is_not_chosen_from() -> None:
    with pytest.raises(Unusable, match="heading price stands 2 times"):
        plain(ROW + ",1.00", headings=HEADINGS + ",price")


def test_other_headings_may_stand_twice() -> None:
    assert plain(ROW + ",x,y", headings=HEADINGS + ",note,note").paid() == {"1": [2100]}


def test_the_footer_ends_the_rows() -> None:
    got = plain(ROW, "Total,,,,,21", "Total again: 1 order", footer=["total", "Total"])
    assert got.remarks == [(3, "", "footer", False)]
    assert "it and 1 rows after it" in got.findings[0].message
    assert got.paid() == {"1": [2100]}


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"equals": "Gift"}, ["2", "3"]),
        ({"differs_from": ["gift", "card"]}, ["1", "2"]),
        ({"begins_with": "ca"}, ["1", "3"]),
    ],
)
def test_rows_that_are_no_sales_are_skipped_by_a_condition(condition: dict[str, object], kept: list[str]) -> None:
    kinds = ["gift", "Card", "sale"]
    lines = [f"{n},b1,{NOON},A,1,1,{kind}" for n, kind in enumerate(kinds, 1)]
    got = plain(*lines, headings=HEADINGS + ",kind", skip=[{"column": "Kind", **condition}])
    assert list(got.paid()) == kept
    assert {code for _, _, code, _ in got.remarks} == {"skipped"}


def test_a_condition_on_a_column_that_is_not_there_is_unusable() -> None:
    with pytest.raises(Unusable, match="no column kind"):
        plain(ROW, skip=[{"column": "kind", "equals": "x"}])


@pytest.mark.parametrize("delimiter", ["|", ";", "\t", "~"])
def test_the_delimiter_is_found_or_named(delimiter: str) -> None:
    text = f"{HEADINGS}\n{ROW}\n".replace(",", delimiter)
    assert read_text(text, {**PLAIN, "decimal_sign": ".", "delimiter": delimiter}).paid() == {"1": [2100]}
    if delimiter != "~":
        assert read_text(text, {**PLAIN, "decimal_sign": "."}).paid() == {"1": [2100]}


def test_marks_around_cells_are_taken_off() -> None:
    got = plain(f'="1",`b1`,`{NOON},A\t,`2,`10.50', strip="`")
    assert (got.paid(), got.orders[0]["buyer_id"]) == ({"1": [2100]}, "b1")


# --- what no column tells ----------------------------------------------------------------------------------------


def test_the_total_of_a_line_is_taken_as_it_is() -> None:
    columns = {**PLAIN["columns"], "unit_price": (), "line_total": "line total"}  # type: ignore[dict-item]
    text = f"order,buyer,time,sku,qty,line total\n1,b1,{NOON},A,3,30.00\n2,b2,{NOON},B,3,0.99\n"
    assert read_text(text, {**PLAIN, "columns": columns}).paid() == {"1": [3000], "2": [99]}


def test_product_and_quantity_may_be_constants() -> None:
    layout = {
        "name": "sums",
        "columns": {"order_id": "order", "placed_at": "time", "line_total": "amount", "product_id": "item"},
        "constants": {"product_id": "shop", "quantity": 1},
    }
    got = read_text(f"order,time,amount\n1,{NOON},30.00\n", layout)
    assert [(line["product_id"], line["quantity"]) for line in got.orders[0]["lines"]] == [("shop", 1)]
    assert read_text(f"order,time,amount,item\n1,{NOON},30,X\n", layout).orders[0]["lines"][0]["product_id"] == "X"


def test_a_time_may_stand_in_two_columns() -> None:
    columns = {**PLAIN["columns"], "placed_at": [["day", "hour"]]}  # type: ignore[dict-item]
    got = read_text(
        "order,buyer,day,hour,sku,qty,price\n1,b1,2026-03-01,12:00:00,A,1,1\n", {**PLAIN, "columns": columns}
    )
    assert got.orders[0]["placed_at"] == "2026-03-01T12:00:00+08:00"


# --- refunds that are rows ---------------------------------------------------------------------------------------

BILL = {
    "name": "bill",
    "columns": {"order_id": "order", "placed_at": "time", "product_id": "item", "line_total": "amount"},
    "constants": {"quantity": 1},
    "refund_rows": {"column": "kind", "equals": "refund", "refund_id": "refund no", "amount": "amount"},
}
BILL_HEADINGS = "kind,order,time,item,amount,refund no\n"


def test_a_refund_row_gives_back_on_its_order() -> None:
    got = read_text(BILL_HEADINGS + f"sale,1,{NOON},tea,30,\nrefund,1,2026-03-02 12:00:00,tea,-5,r1\n", BILL)
    assert got.paid() == {"1": [3000]}
    assert got.refunds == [
        {
            "refund_id": "r1",
            "order_id": "1",
            "refunded_at": "2026-03-02T12:00:00+08:00",
            "lines": [{"line_id": "tea", "refund_fen": 500}],
        }
    ]


def test_a_refund_of_an_earlier_file_needs_no_sale_in_this_one() -> None:
    got = read_text(BILL_HEADINGS + f"refund,1,{NOON},tea,5,r1\n", BILL)
    assert ([refund["order_id"] for refund in got.refunds], got.findings) == (["1"], [])


def test_a_refund_row_is_part_of_its_order() -> None:
    got = read_text(BILL_HEADINGS + f"sale,1,{NOON},tea,30,\nrefund,1,{NOON},tea,5,\n", BILL)
    assert got.events == []
    assert got.refused == [(2, "order_incomplete"), (3, "missing_refund_id")]


def test_a_refund_in_another_currency_is_refused() -> None:
    layout = {**BILL, "columns": {**BILL["columns"], "currency": "in"}}  # type: ignore[dict-item]
    text = BILL_HEADINGS.strip() + f",in\nrefund,1,{NOON},tea,5,r1,USD\nrefund,2,{NOON},tea,5,r2,RMB\n"
    got = read_text(text, layout)
    assert ([refund["refund_id"] for refund in got.refunds], got.refused) == (["r2"], [(2, "currency_differs")])


# --- workbooks and JSON ------------------------------------------------------------------------------------------


def test_a_workbook_is_read_like_a_table(tmp_path: Path) -> None:
    book = workbook(
        tmp_path / "orders.xlsx",
        {
            "Orders": [
                ["Orders of March"],
                HEADINGS.split(","),
                ["1", "b1", NOON, "A", 2, 10.5],
                [None, None, None, "B", 1, 0.1],
                [20000000000000001, "b2", NOON, 4711, 3, 19.99],
                [2, "b2", NOON, 4711, 3, 19.99],
            ],
            "Empty": [],
        },
    )
    layout = Layout.model_validate({**PLAIN, "skip_lines": 1, "fill_down": ["order_id"]})
    got = read_file(book, layout)
    assert got.paid() == {"1": [2100, 10], "2": [5997]}
    assert got.orders[1]["lines"][0]["product_id"] == "4711"
    assert got.refused == [(5, "excel_digits_lost")]


def test_times_of_a_workbook_need_no_format(tmp_path: Path) -> None:
    sheet: list[list[Cell]] = [
        [*HEADINGS.split(",")],
        ["1", "b1", datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC), "A", 2, 10.5],
        ["2", "b1", datetime(2026, 3, 1, tzinfo=UTC), "A", 2, 10.5],
        ["3", "b1", "01.03.2026 12:00", "A", 2, 10.5],
    ]
    book = workbook(tmp_path / "orders.xlsx", {"Orders": sheet})
    got = read_file(book, Layout.model_validate({**PLAIN, "time_formats": ["%d.%m.%Y %H:%M"]}))
    assert [order["placed_at"] for order in got.orders] == [
        "2026-03-01T00:00:00+08:00",
        "2026-03-01T12:00:00+08:00",
        "2026-03-01T12:00:07+08:00",
    ]


def test_the_sheet_is_named_where_there_are_several(tmp_path: Path) -> None:
    sheet: list[list[Cell]] = [[*HEADINGS.split(",")], ["1", "b1", NOON, "A", 2, 10.5]]
    book = workbook(tmp_path / "orders.xlsx", {"Shop & co": sheet, "Other": [["x"]]})
    assert read_file(book, Layout.model_validate({**PLAIN, "sheet": "Shop & co"})).paid() == {"1": [2100]}
    for layout, told in (
        (PLAIN, "several sheets: name one of Shop & co, Other"),
        ({**PLAIN, "sheet": "X"}, "no sheet X"),
    ):
        with pytest.raises(Unusable, match=told):
            read_file(book, Layout.model_validate(layout))


def test_what_only_looks_like_a_workbook_is_unusable(tmp_path: Path) -> None:
    path = tmp_path / "export.xlsx"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(Unusable, match="no workbook that can be read"):
        read_file(path, Layout.model_validate(PLAIN))


def test_a_workbook_that_unpacks_to_too_much_is_unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopside.importing.workbook.IMPORT_WORKBOOK_BYTES_MAX", 100)
    with pytest.raises(Unusable, match="unpacks to"):
        read_file(workbook(tmp_path / "orders.xlsx", {"Orders": [["x"]]}), Layout.model_validate(PLAIN))


def test_more_rows_than_a_file_may_have_are_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopside.importing.table.IMPORT_ROWS_MAX", 3)
    assert len(plain(*rows(3)).orders) == 3
    with pytest.raises(Unusable, match="more than 3 rows: split it"):
        plain(*rows(4))


@pytest.mark.parametrize("lines", [True, False])
def test_objects_are_rows_too(tmp_path: Path, lines: bool) -> None:
    objects = [
        {"order": 1, "buyer": "b1", "time": NOON, "sku": "A", "qty": 2, "price": 10.5, "more": [1]},
        {"order": 2, "buyer": None, "time": NOON, "sku": "A", "qty": 1, "price": "3.00"},
        {"order": 3},
    ]
    path = tmp_path / "orders.json"
    path.write_text("\n".join(map(json.dumps, objects)) if lines else json.dumps(objects, indent=1))
    got = read_file(path, Layout.model_validate(PLAIN))
    assert got.paid() == {"1": [2100], "2": [300]}
    assert got.orders[1]["buyer_id"] == "guest-2"
    assert len(got.refused) == 1


# --- maps that are wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('colour = "red"', r"colour is no key; known here are .*decimal_sign"),
        ('[[skip]]\ncolumn = "x"\nis = "y"', r"skip.0.is is no key; known here are begins_with, column, differs_from"),
        ('[[skip]]\ncolumn = "x"', "say one of equals"),
        ("[constants]\ncolour = 1", "colour is no field; known are order_id"),
        ('fill_down = ["colour"]', "colour is no field"),
        ('time_formats = ["%Z %H"]', "%Z stands last"),
        ('[zones]\nCST = "CST"', "zones.CST: CST is no name"),
        ('decimal_sign = ";"', "decimal_sign"),
    ],
)
def test_a_map_with_a_mistake_names_it_and_what_is_known(tmp_path: Path, change: str, told: str) -> None:
    names = "".join(f'{field} = "A"\n' for field in ("order_id", "placed_at", "product_id", "quantity", "unit_price"))
    before, after = (change, "") if not change.startswith("[") else ("", change)
    path = tmp_path / "map.toml"
    path.write_text(f'name = "x"\n{before}\n[columns]\n{names}\n{after}\n')
    with pytest.raises(Unusable, match=told):
        read_layout(str(path))


def test_price_and_total_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="either unit_price or line_total"):
        Layout.model_validate({**PLAIN, "columns": {**PLAIN["columns"], "line_total": "total"}})  # type: ignore[dict-item]
