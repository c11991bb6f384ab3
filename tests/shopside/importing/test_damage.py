"""Damage of any kind, anywhere: every row is taken as it was or told, and no order is taken in part."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shopside.importing.exports import Read, plain

NOON = "2026-03-01 12:00:00"
LINES = 3
"""Of each order."""
ORDERS = 6


def rows() -> list[str]:
    """Orders of three lines, each line with a product and a price of its own."""
    return [
        f"order{order},b{order},{NOON},P{order}x{line},1,{order}{line}.00"
        for order in range(1, ORDERS + 1)
        for line in range(1, LINES + 1)
    ]


def whole_or_told(got: Read) -> None:
    taken = {order["order_id"]: sorted(line["paid_fen"] for line in order["lines"]) for order in got.orders}
    whole = {f"order{n}": [n * 1000 + line * 100 for line in range(1, LINES + 1)] for n in range(1, ORDERS + 1)}
    assert all(paid == whole[order] for order, paid in taken.items())
    told = {finding.row for finding in got.findings if finding.refused}
    assert {2 + n for n, row in enumerate(rows()) if row.partition(",")[0] not in taken} <= told


PLACES = st.tuples(st.integers(0, ORDERS * LINES - 1), st.integers(0, 60))


@settings(deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=4))
def test_stray_quotes(places: list[tuple[int, int]]) -> None:
    written = rows()
    for row, place in places:
        written[row] = written[row][:place] + '"' + written[row][place:]
    whole_or_told(plain(*written))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, ORDERS * LINES - 1), st.sampled_from([",", ",,", ",x"])), max_size=4))
def test_cells_too_many(cells: list[tuple[int, str]]) -> None:
    written = rows()
    for row, surplus in cells:
        written[row] += surplus
    whole_or_told(plain(*written))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, ORDERS * LINES - 1), st.integers(1, 5)), max_size=4))
def test_rows_cut_short(cuts: list[tuple[int, int]]) -> None:
    written = rows()
    for row, cells in cuts:
        written[row] = ",".join(written[row].split(",")[:cells])
    whole_or_told(plain(*written))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, ORDERS * LINES - 1), st.integers(1, 5), st.sampled_from(["", "x", "1,5", "0"])),
        max_size=4,
    )
)
def test_cells_that_cannot_be_read(changes: list[tuple[int, int, str]]) -> None:
    written = [row.split(",") for row in rows()]
    for row, cell, text in changes:
        written[row][cell] = text
    got = plain(*(",".join(f'"{part}"' for part in parts) for parts in written))
    told = {finding.row for finding in got.findings}
    counts = {order["order_id"]: len(order["lines"]) for order in got.orders}
    assert all(counts.get(parts[0]) == LINES or number in told for number, parts in enumerate(written, 2))
