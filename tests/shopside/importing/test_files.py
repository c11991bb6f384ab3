"""Files as they come: encodings, packing, delimiters, broken rows, and the ready maps."""

import gzip
from pathlib import Path

import pytest

from core.limits import BODY_BYTES_MAX
from shopside.importing.delimited import Delimited
from shopside.importing.findings import Report, Unusable, note, refused
from shopside.importing.layout import find_places, read_layout
from shopside.importing.objects import elements_of
from shopside.importing.reading import Row, check_whole, encoding_of
from tests.shopside.importing.exports import RETAIL_HEADINGS

CHINESE = "订单号,商品,备注\n1001,明前龙井茶礼盒,请放在门口\n"
TRADITIONAL = "訂單編號,商品,備註\n1001,凍頂烏龍茶禮盒,請於傍晚配送\n"
WESTERN = "Invoice,Product,Price\n1001,Crème brûlée à la carte,£3\n"


def rows(path: Path, encoding: str = "utf-8") -> list[Row]:
    return list(Delimited(path, encoding, None, skip_lines=0, heads=1).rows())


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "utf-16", "utf-16"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "utf-16-le", "utf-16-le"),
        (CHINESE, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "utf-8", "utf-8"),
        (WESTERN, "utf-8", "utf-8"),
        (WESTERN, "cp1252", "cp1252"),
        (WESTERN + "1002,“quoted” – 5 €,2\n", "cp1252", "cp1252"),
        ("Invoice,Product\n1001,ASCII only\n", "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_found_and_the_text_is_the_same(tmp_path: Path, text: str, written: str, found: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(written))
    assert encoding_of(path).name == found
    assert [row.cells for row in rows(path, found)] == [line.split(",") for line in text.splitlines()]


def test_bytes_that_are_nothing_else_are_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"Invoice,Product\n1,caf\xe9 \x81\n")
    assert encoding_of(path).name == "iso-8859-1"


def test_a_packed_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(gzip.compress(CHINESE.encode("gb18030")))
    assert encoding_of(path).name == "gb18030"
    assert rows(path, "gb18030")[1].cells[1] == "明前龙井茶礼盒"


def test_a_damaged_packed_file_is_unusable(tmp_path: Path) -> None:
    path = tmp_path / "export.csv.gz"
    path.write_bytes(gzip.compress(CHINESE.encode() * 100)[:-20])
    with pytest.raises(Unusable):
        check_whole(path)


def test_a_missing_file_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        encoding_of(tmp_path / "nothing.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_that_of_the_headings(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text(delimiter.join("abc") + "\n" + delimiter.join("123") + "\n")
    assert [row.cells for row in rows(path)] == [["a", "b", "c"], ["1", "2", "3"]]


def test_rows_are_counted_by_the_line_on_which_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('a,b\n1,"two\nlines"\n\n2,x\n')
    assert [(row.number, row.cells) for row in rows(path)] == [
        (1, ["a", "b"]),
        (2, ["1", "two\nlines"]),
        (5, ["2", "x"]),
    ]


def test_a_missing_column_is_unusable_and_named() -> None:
    with pytest.raises(Unusable, match=r"UnitPrice or Price \(unit_price of map online-retail\)"):
        find_places(read_layout("online-retail"), RETAIL_HEADINGS.replace("UnitPrice", "Cost").split(","))


def test_headings_are_found_whatever_their_case_and_blanks() -> None:
    places = find_places(
        read_layout("online-retail"), [f" {heading.upper()} " for heading in RETAIL_HEADINGS.split(",")]
    )
    assert (places["order_id"], places["region"]) == (((0,),), ((7,),))


REQUIRED = "".join(f'{name} = "A"\n' for name in ("order_id", "placed_at", "product_id", "quantity", "unit_price"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f'name = "x"\ncolour = "red"\n[columns]\n{REQUIRED}', "colour"),
        ('name = "x"\n[columns]\norder_id = "A"\n', "columns.placed_at"),
        ("name = ", "Invalid value"),
        (f'name = "x"\ntime_zone = "Mars/Base"\n[columns]\n{REQUIRED}', "Mars/Base"),
        (f'name = "x"\ncurrency = "pounds"\n[columns]\n{REQUIRED}', "pounds"),
    ],
)
def test_a_map_with_a_mistake_is_unusable_and_names_it(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(content)
    with pytest.raises(Unusable, match=told):
        read_layout(str(path))


def test_an_unknown_map_names_the_ready_ones() -> None:
    with pytest.raises(Unusable, match="online-retail, shopify"):
        read_layout("magento")


def test_the_report_has_one_line_per_remark_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    report = Report(path)
    report.extend([refused(7, "quantity", "bad_quantity", 'not "whole"'), note(2, "", "empty_row", "空行")])
    report.append(refused(7, "order_id", "order_incomplete", "row 7"))
    report.write()
    assert path.read_text(encoding="utf-8") == (
        "row,field,code,message\n2,,empty_row,note: 空行\n7,order_id,order_incomplete,refused: row 7\n"
        '7,quantity,bad_quantity,"refused: not ""whole"""\n'
    )
    assert report.refused_rows == 1


def test_objects_a_line_are_given_as_they_came(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": "1",  "n": 1.0}\n\n  {"id": "2"}\r\n[1]\n{"id": \nno\n{"id": "\xff"}\n{"id": "3"}'
    )
    got = [(one.number, one.text if one.problem is None else one.problem[0]) for one in elements_of(path)]
    assert got == [
        (1, b'{"id": "1",  "n": 1.0}'),
        (3, b'{"id": "2"}'),
        (4, "bad_json"),
        (5, "bad_json"),
        (6, "bad_json"),
        (7, "bad_encoding"),
        (8, b'{"id": "3"}'),
    ]


def test_a_line_that_fits_no_body_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"id": "' + b"x" * (2 * BODY_BYTES_MAX + 5) + b'"}\n{"id": "2"}\n')
    assert [(one.number, one.problem and one.problem[0]) for one in elements_of(path)] == [
        (1, "body_too_large"),
        (2, None),
    ]
