"""The maps among the samples, each with a small invented file in the shape of the real export."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shopside.importing.layout import Layout, read_layout
from tests.shopside.importing.exports import Cell, Read, read_file, workbook

MAPS = Path(__file__).resolve().parents[3] / "docs" / "samples" / "maps"
SHAPES = Path(__file__).parent / "shapes"


@pytest.fixture
def under(tmp_path: Path) -> Callable[..., Read]:
    """Read the invented export of this name, in the encoding of the real one, under the sample map of this name."""

    def read(name: str, encoding: str = "utf-8", currency: str = "CNY") -> Read:
        with (SHAPES / f"{name}.csv").open(encoding="utf-8", newline="") as shape:
            text = shape.read()
        path = tmp_path / "export.csv"
        path.write_bytes(text.encode(encoding))
        return read_file(path, sample(name), currency)

    return read


def sample(name: str) -> Layout:
    return read_layout(str(MAPS / f"{name}.toml"))


def test_each_sample_map_is_tried_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem for path in MAPS.glob("*.toml")]
    assert len(names) >= 9
    assert not [name for name in names if f'"{name}"' not in source]


def test_tmall(under: Callable[..., Read]) -> None:
    got = under("tmall", "gb18030")
    assert got.paid() == {"9000000000000000010": [2700, 17820]}
    assert got.refunds[0]["lines"] == [{"line_id": "CUP-1", "refund_fen": 2700}]
    assert (got.refused, [row for row, _, code, _ in got.remarks if code == "skipped"]) == ([], [4])


def test_jd(under: Callable[..., Read]) -> None:
    got = under("jd", "gb18030")
    (order,) = got.orders
    assert got.paid() == {"300000000001": [5143, 6857]}
    assert (order["freight_fen"], order["buyer_id"]) == (600, "jd_a")
    assert got.data("order.completed.v1")[0]["completed_at"] == "2026-03-05T09:00:00+08:00"
    assert got.refused == []


def test_meituan(tmp_path: Path) -> None:
    upper = ["基础信息", None, None, None, None, None, "费用信息", None, "商家应收款"]
    lower = ["账单日期", "门店id", "门店名称", "订单号", "下单时间", "交易类型", "订单状态", "佣金", None]
    sheet: list[list[Cell]] = [
        [*upper],
        [*lower],
        ["3-1", 1, "某店", "5000000000000000001", "2026-03-01 12:00:00", "外卖订单", "订单完成", -3.2, 41.2],
        ["3-1", 1, "某店", "5000000000000000002", "2026-03-01 12:05:00", "外卖订单", "订单取消", 0, 0],
        ["3-1", 1, "某店", None, None, "推广", None, None, -10],
    ]
    book = workbook(tmp_path / "bill.xlsx", {"汇总": [["商家应收款"], [41.2]], "订单明细": sheet})
    got = read_file(book, sample("meituan"))
    assert got.paid() == {"5000000000000000001": [4120]}
    assert got.remarks == [(3, "buyer_id", "guest_buyer", False), (4, "", "skipped", False), (5, "", "skipped", False)]


def test_woocommerce(under: Callable[..., Read]) -> None:
    got = under("woocommerce", currency="GBP")
    assert (got.paid(), got.orders[0]["freight_fen"]) == ({"501": [3000, 1980]}, 400)
    assert got.refunds[0]["lines"] == [{"line_id": "TEA-1", "refund_fen": 990}]
    assert got.refused == [(6, "not_paid")]


def test_amazon(under: Callable[..., Read]) -> None:
    got = under("amazon", "cp1252", "USD")
    (order,) = got.orders
    assert (got.paid(), order["freight_fen"]) == ({"100-0000000-0000001": [700, 2000]}, 450)
    assert order["address"]["city"] == "Café Town"
    assert order["address"]["detail"] == '1 Main St Suite "B"'
    assert got.refused == [(4, "currency_differs")]


def test_paypal(under: Callable[..., Read]) -> None:
    got = under("paypal", "utf-8-sig", "USD")
    assert (got.paid(), got.orders[0]["placed_at"]) == ({"0AA00000AA000001A": [105_000]}, "2026-03-01T10:00:00-08:00")
    assert got.refunds == [
        {
            "refund_id": "0AA00000AA000002A",
            "order_id": "0AA00000AA000001A",
            "refunded_at": "2026-03-20T10:00:00-07:00",
            "lines": [{"line_id": "TEA-1", "refund_fen": 5000}],
        }
    ]
    assert got.refused == []


def test_alipay_bill_of_a_merchant(under: Callable[..., Read]) -> None:
    got = under("alipay-bill", "gb18030")
    assert got.paid() == {"S1": [3000]}
    assert [(r["refund_id"], r["refunded_at"], r["lines"][0]["refund_fen"]) for r in got.refunds] == [
        ("R1", "2026-03-01T18:00:00+08:00", 500)
    ]
    assert got.refused == []


def test_alipay_record_of_a_person(under: Callable[..., Read]) -> None:
    got = under("alipay-record", "gb18030")
    assert got.paid() == {"2026030100000001": [3000]}
    assert got.refunds[0]["lines"] == [{"line_id": "绿茶", "refund_fen": 500}]
    assert got.refused == []


def test_wechat_bill_of_a_merchant(under: Callable[..., Read]) -> None:
    got = under("wechat-bill", "utf-8-sig")
    assert (got.paid(), got.orders[0]["buyer_id"]) == ({"S1": [3000]}, "openid-a")
    assert [(r["refund_id"], r["lines"]) for r in got.refunds] == [
        ("5030000001", [{"line_id": "绿茶", "refund_fen": 500}])
    ]
    assert got.refused == []


def test_wechat_record_of_a_person(under: Callable[..., Read]) -> None:
    got = under("wechat-record", "utf-8-sig")
    assert got.paid() == {"1000000001": [3000], "1000000002": [1250]}
    assert got.refused == []
