"""The cost of a text grows with its length and no faster, whatever is written in it.

What a text costs is compared with what one eight times as long of the same making costs, in time of the processor, the
least of several tries: in proportion that is eight times as much, by square it is sixty-four. The functions are called
with texts far longer than any kind of identifier may be, so that what grows wrongly shows.
"""

import gc
import re
import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.canonical import has_nul, without_nul
from intake.dead_letters import _SIGNS_ALONE
from intake.kafka import _JSON
from privacy import masking, masks, spelling
from privacy.addresses import fold_address

SIGNS_SHORT: Final = 800
TIMES_LONGER: Final = 8
GROWTH_MAX: Final = 30  # between eight and sixty-four, far from both
NOTHING_S: Final = 0.001  # what takes less even when it is long is too short to be compared

Reader = Callable[[str], Any]

READERS: Final[dict[str, Reader]] = {
    "phone": spelling.phone,
    "device": spelling.device,
    "ip": spelling.ip,
    "payout account": spelling.payout_account,
    "id card": spelling.id_card,
    "placeholder": spelling.PLACEHOLDER.fullmatch,
    "province": lambda text: fold_address({"province": text, "city": "x" + text, "county": text + "x"}),
    "detail": lambda text: fold_address({"city": "杭州", "detail": text}),
    **{f"mask of {kind}": getattr(masking, kind) for kind in ("plain", "phone", "id_card", "payout_account", "ip")},
    "a name of a field": masks.shown_name,
    "a letter of signs alone": lambda text: _SIGNS_ALONE.fullmatch(text.encode("utf-8", "replace")),
    "a type of content": _JSON.fullmatch,
    "a NUL in JSON": lambda text: has_nul(text.encode("utf-8", "replace")),
    "JSON without NUL": lambda text: without_nul(text.encode("utf-8", "replace")),
}
"""Everything that reads what somebody sent with patterns of its own."""

PIECES: Final = [
    *"0123456789abcdefAZE@.:;,#_-+/*[](){}<>【】《》%\\\"' \t\u3000\u200bﷺ㌀İßé",
    *("转", "分机", "ext", "EXT", "13800138000", "+86", "0086", "86-", "1,", "::", ":1", "]:1", "ffff:", "0x", "/64"),
    *("a@", "@a", "a-", "x+", "application/", "+json", "json", "\\u0000", "\\\\", "null", "n/a", "phone", "id_"),
    *("省", "市", "区", "县", "新区", "自治", "自治区", "自治州", "族", "壮", "回族", "土家", "维吾尔", "杭州"),
    *(
        "一",
        "十",
        "千",
        "〇",
        "号",
        "号楼",
        "幢",
        "单元",
        "单",
        "层",
        "1层",
        "12层1204",
        "楼",
        "室",
        "东室",
        "1室",
        "房",
    ),
    *(
        "路",
        "路1",
        "街道",
        "弄",
        "弄1",
        "小区",
        "请",
        "麻烦",
        "附近",
        "旁",
        "谢谢",
        "丰巢",
        "大学",
        "-1东",
        "-A",
        "--",
        "门",
    ),
]


def cost_s(read: Reader, text: str) -> float:
    """The least time of the processor that reading a text took."""
    least = float("inf")
    for _ in range(2):
        since = time.process_time()
        read(text)
        least = min(least, time.process_time() - since)
    return least


def grows_too_fast(read: Reader, makes: Callable[[int], str]) -> bool:
    """Whether reading costs more than in proportion, by every one of a few comparisons."""
    gc.disable()
    try:
        for _ in range(3):
            long = cost_s(read, makes(SIGNS_SHORT * TIMES_LONGER))
            if long < NOTHING_S or long < GROWTH_MAX * cost_s(read, makes(SIGNS_SHORT)):
                return False
    finally:
        gc.enable()
    return True


def repeated(piece: str, before: str, after: str) -> Callable[[int], str]:
    return lambda signs: before + piece * (signs // len(piece)) + after


@pytest.mark.parametrize("reader", READERS)
def test_one_piece_again_and_again(reader: str) -> None:
    slow = [
        (piece, after)
        for piece in PIECES
        for after in ("", "x!")
        if grows_too_fast(READERS[reader], repeated(piece, "", after))
    ]
    assert slow == []


@settings(max_examples=60)
@given(
    reader=st.sampled_from(sorted(READERS)),
    piece=st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    before=st.sampled_from(["", *PIECES]),
    after=st.sampled_from(["", *PIECES]),
)
def test_any_pieces_again_and_again(reader: str, piece: list[str], before: str, after: str) -> None:
    assert not grows_too_fast(READERS[reader], repeated("".join(piece), before, after))


def test_the_comparison_finds_what_grows_by_square() -> None:
    assert grows_too_fast(re.compile(r"([0-9]+)号").search, repeated("1", "", ""))
