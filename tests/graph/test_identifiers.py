"""Identifiers in one spelling: what must agree agrees, what is honestly different stays so, none raises."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.addresses import fold_address
from privacy.kinds import KINDS, Normalised, normalise
from privacy.masks import mask
from privacy.vault import keyed_token

TEXT_KINDS = sorted(KINDS.keys() - {"address"})
HANGZHOU = {"province": "浙江省", "city": "杭州市", "county": "余杭区"}
KEY = bytes(range(32))  # the key of the published token vectors


def spelled(kind: str, value: str | Mapping[str, str]) -> Normalised:
    """The identifier, which must not vanish."""
    found = normalise(kind, value)
    assert found is not None
    return found


def at(detail: str, **region: str) -> Normalised:
    """An address in one county of Hangzhou."""
    return spelled("address", HANGZHOU | region | {"detail": detail})


# --- addresses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "detail",
    [
        "文一西路969号3幢5单元1204室",
        "文一西路９６９号３号楼５单元１２０４",
        "文一西路969号3#5-1204",
        "文一西路969号三幢五单元1204室",
        "文一西路 969 号 3栋-5单元-1204房",
    ],
)
def test_published_address_vectors_give_the_published_key(detail: str) -> None:
    assert fold_address(HANGZHOU | {"detail": detail}).detail == "文一西路969号3-5-1204"


@pytest.mark.parametrize(
    "detail",
    [
        "浙江省杭州市余杭区文一西路969号3幢5单元1204室",
        "杭州市余杭区文一西路969号3幢5单元1204室",
        "余杭文一西路969号3幢5单元1204室",
        "仓前街道文一西路969号3幢5单元1204",
        "文一西路九百六十九号3幢5单元一二〇四室",
        "文一西路969号3幢5单元12层1204室",
        "文一西路969号3幢5单元1204室(放门口)",
        "文一西路969号3幢5单元1204室，请放门卫13800138000",
        "文一西路969号3幢5单元1204附近",
        "文一西路969 3 5 1204",
        "文一西路969号、3幢、5单元、1204",
        "文一西路969號3棟5單元1204室",
    ],
)
def test_one_front_door_written_in_many_ways(detail: str) -> None:
    assert at(detail) == at("文一西路969号3幢5单元1204室")


def test_different_front_doors_stay_different() -> None:
    details = [
        "文一西路969号3幢5单元1204室",
        "文一西路969号3幢5单元1205室",
        "文一西路969号3幢6单元1204室",
        "文一西路969号4幢5单元1204室",
        "文一西路968号3幢5单元1204室",
        "文二西路969号3幢5单元1204室",
        "文一西路969号3幢5单元1204东户",
        "文一西路969号3幢5单元1204西户",
        "文一西路969号35-1204",
        "文一西路969号3幢51204室",
        "文一西路969号3幢1层01室",
        "文一西路969号3幢2层01室",
    ]
    assert len({at(detail).value for detail in details}) == len(details)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("浙江省", "杭州市", "余杭区"), ("浙江", "杭州", "余杭")),
        (("浙江省", "杭州市", "余杭区"), ("", "杭州市", "余杭区")),
        (("北京市", "北京市", "朝阳区"), ("北京", "", "朝阳")),
        (("北京市", "市辖区", "朝阳区"), ("", "北京市", "朝阳区")),
        (("广西壮族自治区", "南宁市", "武鸣区"), ("广西", "南宁", "武鸣")),
        (("湖北省", "恩施土家族苗族自治州", "恩施市"), ("湖北", "恩施州", "恩施市")),
        (("新疆维吾尔自治区", "伊犁哈萨克自治州", "昭苏县"), ("新疆", "伊犁", "昭苏")),
    ],
)
def test_regions_agree_with_and_without_suffix_and_province(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    keys = [
        at("解放路1号2幢301", province=province, city=city, county=county).value
        for province, city, county in (one, other)
    ]
    assert keys[0] == keys[1]


def test_the_same_street_elsewhere_is_another_address() -> None:
    assert at("解放路1号301").value != at("解放路1号301", county="西湖区").value
    assert at("解放路1号301").value != at("解放路1号301", city="宁波市").value
    assert at("解放路1号301", city="").value != at("解放路1号301", city="", province="江苏省").value


def test_neighbours_share_the_building_and_only_that() -> None:
    one, other = at("文一西路969号3幢5单元1204室"), at("文一西路969号3号楼1-101")
    assert one.building == other.building == "|杭州|余杭|文一西路969号3"
    assert one.value != other.value
    assert at("文一西路969号1204室").building == at("文一西路969号").value


@pytest.mark.parametrize(
    ("detail", "place"),
    [
        ("文一西路969号丰巢快递柜3号", "locker"),
        ("菜鸟驿站(文一西路店)12号", "locker"),
        ("文一西路969号3幢1204 放自提点", "locker"),
        ("门卫代收 文一西路969号", "locker"),
        ("浙江大学紫金港校区3号楼201", "institution"),
        ("文一西路969号海创大厦12层1203", "institution"),
        ("天目山路1号第三工厂宿舍5-201", "institution"),
        ("大学路12号3幢201", None),
        ("学院路28号", None),
        ("文一西路969号3幢1204", None),
    ],
)
def test_places_of_many_strangers_never_tie(detail: str, place: str | None) -> None:
    found = at(detail)
    assert found.place == place
    assert found.links is (place is None)


def test_an_address_without_a_number_ties_nobody() -> None:
    assert at("良渚镇港南村").links is False
    assert at("").links is False
    assert normalise("address", {"province": " ", "city": "", "county": "", "detail": " - "}) is None
    assert normalise("address", {}) is None


REGIONS = st.sampled_from(
    ["", "浙江省", "北京市", "广西壮族自治区", "杭州", "市辖区", "余杭区", "恩施土家族苗族自治州"]
)
DETAILS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *"路号幢栋座单元层楼室房户弄#-东西一二三十百零〇 ()，区市",
                "单元",
                "号楼",
                "街道",
                "小区",
                "大厦",
                "丰巢",
                "附近",
                "A",
                "余杭",
                "x",
            ]
        ),
        st.integers(0, 1300).map(str),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(province=REGIONS, city=REGIONS, county=REGIONS, detail=DETAILS)
def test_address_key_is_total_and_idempotent(province: str, city: str, county: str, detail: str) -> None:
    parts = {"province": province, "city": city, "county": county, "detail": detail}
    first = normalise("address", parts)
    if first is not None:
        again = dict(zip(("province", "city", "county", "detail"), first.value.split("|"), strict=True))
        assert spelled("address", again).value == first.value


@given(
    number=st.integers(1, 999),
    block=st.integers(1, 99),
    unit=st.integers(1, 9),
    room=st.integers(101, 2999),
    data=st.data(),
)
def test_every_way_to_write_a_unit_gives_its_key_and_no_other(
    number: int, block: int, unit: int, room: int, data: st.DataObject
) -> None:
    def pick(*signs: str) -> str:
        return data.draw(st.sampled_from(signs))

    written = (
        f"{pick('', '浙江省杭州市余杭区', '余杭区', '杭州余杭')}文一西路{pick('', ' ')}{number}号"
        f"{pick('', ' ', ',')}{block}{pick('幢', '栋', '号楼', '#', '座', '-')}"
        f"{unit}{pick('单元', '-', ' 单元')}{room}{pick('', '室', '房', '户', '室(到了打电话)', '室 放门口')}"
    )
    if pick("narrow", "wide") == "wide":
        written = written.translate({ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789#-"})
    assert fold_address(HANGZHOU | {"detail": written}).detail == f"文一西路{number}号{block}-{unit}-{room}"


# --- phones ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phone",
    [
        "13800138000",
        "+8613800138000",
        "0086 138 0013 8000",
        "86-138-0013-8000",
        "１３８００１３８０００",
        " 138-0013-8000 ",
    ],
)
def test_one_mobile_written_in_many_ways(phone: str) -> None:
    found = spelled("phone", phone)
    assert (found.value, found.links, found.domain) == ("+8613800138000", True, "phone")


@pytest.mark.parametrize(
    "phone",
    ["17012345678-1234", "17012345678转1234", "17012345678,5678", "+86 17012345678 ext. 9", "170****5678"],
)
def test_privacy_and_masked_numbers_never_tie(phone: str) -> None:
    assert spelled("phone", phone).links is False


def test_a_privacy_number_keeps_its_main_number() -> None:
    assert spelled("phone", "17012345678-1234").value == spelled("phone", "17012345678转99").value == "+8617012345678"


def test_other_phones() -> None:
    assert spelled("phone", "0571-88886666").value == "+8657188886666"
    assert spelled("phone", "+1 202-555-0143").value == "+12025550143"
    malformed = spelled("phone", " not a phone ")
    assert (malformed.value, malformed.links) == ("NOTAPHONE", True)


# --- devices, networks, accounts, papers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ip", "value", "links"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7:51324", "203.0.113.7", True),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", True),
        ("[2001:DB8:1:2::9]:443", "2001:db8:1:2::/64", True),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("0.0.0.0", "0.0.0.0", False),
        ("999.1.1.1", "999.1.1.1", True),
    ],
)
def test_ip(ip: str, value: str, links: bool) -> None:
    found = spelled("ip", ip)
    assert (found.value, found.links) == (value, links)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("payout_account", "6222 0212 3456 7890 128", "6222-0212-3456-7890-128"),
        ("payout_account", "ZhangSan@Example.com", "zhangsan@example.com"),
        ("payout_account", "13800138000", "+86 138 0013 8000"),
        ("id_card", "11010519491231002x", " 1101051949123 1002X"),
        ("device", "6D92078A-8246-4BA4-AE5B-76104861E7DC", "6d92078a-8246-4ba4-ae5b-76104861e7dc"),
        ("device", "6D92078A-8246-4BA4-AE5B-76104861E7DC", "6d92078a82464ba4ae5b76104861e7dc"),
        ("device", "AA:BB:CC:00:11:22", "aa-bb-cc-00-11-22"),
        ("device", "Install-a", "INSTALLA"),
    ],
)
def test_equal_whatever_the_spelling(kind: str, one: str, other: str) -> None:
    assert spelled(kind, one) == spelled(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("unionid", "oUpF8uMuAJO", "oupf8umuajo"),
        ("payout_account", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6O"),
        ("id_card", "11010519491231002X", "110105194912310021"),
    ],
)
def test_case_and_digits_that_matter_stay(kind: str, one: str, other: str) -> None:
    assert spelled(kind, one).value != spelled(kind, other).value


@pytest.mark.parametrize("value", ["0", "null", "unknown", "00000000-0000-0000-0000-000000000000", "N/A", "无"])
@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_placeholders_tie_nobody(kind: str, value: str) -> None:
    assert spelled(kind, value).links is False


def test_published_tokens() -> None:
    phone, card = spelled("phone", "138 0013 8000"), spelled("id_card", "11010519491231002x")
    assert (
        keyed_token(KEY, f"{phone.domain}:v1", phone.value)
        == "84233d2edebdad2076360e2fb2706ed6ea0e44bfcc8dee98450f5ce81e1bc192"
    )
    assert (
        keyed_token(KEY, f"{card.domain}:v1", card.value)
        == "6e4578c30f281fd12c5f9e80e36e390470a6ad231aa04632c8ab180edd7ba38d"
    )


@given(kind=st.sampled_from(TEXT_KINDS), value=st.one_of(st.text(), st.from_regex(r"[0-9 +,#转x:./@-]{1,20}")))
def test_any_text_is_accepted_and_idempotent(kind: str, value: str) -> None:
    first = normalise(kind, value)
    if first is not None:
        assert first.value
        assert spelled(kind, first.value).value == first.value


@pytest.mark.parametrize("blank", ["", " ", "\u3000\t", "--", "\x00"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_blanks_leave_nothing(kind: str, blank: str) -> None:
    assert normalise(kind, blank) is None


# --- masks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "13800138000", "138****8000"),
        ("phone", "+8613800138000", "+86 138****8000"),
        ("id_card", "11010519491231002X", "110105********002X"),
        ("payout_account", "6222021234567890128", "6222 **** **** 0128"),
        ("payout_account", "zhangsan@example.com", "zha***@example.com"),
        ("payout_account", "ab@example.com", "a***@example.com"),
        ("payout_account", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF…eS6o"),
        ("payout_account", "13800138000", "138****8000"),
        ("unionid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF…eS6o"),
        ("external_id", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF…eS6o"),
        ("device", "d-1", "d***"),
        ("ip", "203.0.113.7", "203.0.*.*"),
        ("ip", "2001:db8:1:2::/64", "2001:0db8:****"),
        ("ip", "somewhere", "***"),
    ],
)
def test_masks(kind: str, value: str, shown: str) -> None:
    assert mask(kind, value) == shown


def test_an_address_is_shown_down_to_its_county() -> None:
    assert mask("address", HANGZHOU | {"detail": "文一西路969号3幢1204"}) == "浙江省杭州市余杭区****"


@given(kind=st.sampled_from(sorted(KINDS)), value=st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_no_mask_shows_the_whole_value(kind: str, value: str) -> None:
    assert value not in mask(kind, value)
