"""Piles: sorted whatever was put first, and the same whether they fit into memory or not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shopside.importing.pile import Pile

RECORDS = st.lists(st.tuples(st.text(max_size=3), st.integers(0, 5)), max_size=60)


@settings(deadline=None)
@given(RECORDS, st.integers(1, 400))
def test_records_come_back_sorted_and_equal_ones_as_they_were_put(keys: list[tuple[str, int]], spill: int) -> None:
    pile = Pile(spill)
    for number, key in enumerate(keys):
        pile.put(key, [number, None, "\n"])
    expected = sorted(((key, [number, None, "\n"]) for number, key in enumerate(keys)), key=lambda one: one[0])
    assert [tuple(record) for record in pile] == expected


def test_a_pile_is_read_again_with_what_came_later() -> None:
    pile = Pile(1)
    pile.put(("b",), 1)
    assert [record.value for record in pile] == [1]
    pile.put(("a",), 2)
    assert [record.value for record in pile] == [2, 1]
