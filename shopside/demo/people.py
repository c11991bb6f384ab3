"""Invented people: ids, devices, networks, phones, documents and addresses that look real and belong to nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from shopside.demo.chance import Chance


class Address(NamedTuple):
    """A postal address as the contract spells it."""

    province: str
    city: str
    county: str
    detail: str


class Home(NamedTuple):
    """A flat or a shared building: where parcels go and the network people use there."""

    address: Address
    ip: str


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the shop with what the shop can see of them."""

    number: int
    member_id: str
    device: str
    phone: str
    payout_account: str
    home: Home
    group: str
    """Label: ``ordinary``, a look-alike or an attack."""
    ring: str
    """Label: the scene they belong to, or empty."""


_PLACES: Final = (
    # province, city, county, area code of ID cards
    ("浙江省", "杭州市", "余杭区", "330110"),
    ("浙江省", "宁波市", "鄞州区", "330212"),
    ("广东省", "广州市", "天河区", "440106"),
    ("广东省", "深圳市", "南山区", "440305"),
    ("四川省", "成都市", "武侯区", "510107"),
    ("湖北省", "武汉市", "洪山区", "420111"),
    ("江苏省", "南京市", "江宁区", "320115"),
    ("江苏省", "苏州市", "吴中区", "320506"),
    ("上海市", "上海市", "浦东新区", "310115"),
    ("北京市", "北京市", "朝阳区", "110105"),
    ("福建省", "厦门市", "思明区", "350203"),
    ("山东省", "青岛市", "崂山区", "370212"),
    ("湖南省", "长沙市", "岳麓区", "430104"),
    ("陕西省", "西安市", "雁塔区", "610113"),
)
_ROAD_FIRST: Final = "云青望晴梧松竹兰枫荷棠柏溪岚星月霞锦丹玉"
_ROAD_SECOND: Final = "溪湖山川原岭洲浦园林塘桥川谷泉岸台陵屿坪"
_ROAD_KIND: Final = ("路", "街", "东路", "西路", "大道")
_NUMERALS: Final = "零一二三四五六七八九十"
_SMALL_NUMBER: Final = re.compile(r"(?<!\d)([1-9]|10)(?=幢|单元)")
_FULL_WIDTH: Final = str.maketrans("0123456789", "０１２３４５６７８９")
_PHONE_PREFIXES: Final = ("133", "136", "138", "139", "150", "158", "177", "186", "188", "199")
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_card_check(first_17: str) -> str:
    """The check character of an ID number (GB 11643-1999)."""
    return "10X98765432"[sum(int(d) * w for d, w in zip(first_17, _ID_WEIGHTS, strict=True)) % 11]


def spread_out(number: int, modulus: int, step: int) -> int:
    """A different number for each number below the modulus, without visible order; ``step`` must be coprime to it."""
    return (number * step + 7_919) % modulus


class People:
    """Makes persons and homes; the same seed and the same calls make the same ones."""

    def __init__(self, chance: Chance, tag: str) -> None:
        self._chance = chance
        self._tag = tag
        self._persons = 0
        self._homes = 0

    def home(self) -> Home:
        """A flat with a fixed line of its own."""
        self._homes += 1
        # 198.18.0.0/15 is set aside for tests: 131,072 addresses that belong to nobody
        host = spread_out(self._homes, 2**17, 40_503)
        ip = f"198.{18 + (host >> 16)}.{host >> 8 & 255}.{host & 255}"
        return Home(self._building(f"{self._chance.whole(1, 30)}幢{self._chance.whole(1, 4)}单元{self._flat()}室"), ip)

    def shared_place(self, name: str) -> Home:
        """A building many people give as their address: ``name`` says what it is, such as 学生宿舍."""
        home = self.home()
        road = home.address.detail.split("号")[0]
        return Home(home.address._replace(detail=f"{road}号{name}"), home.ip)

    def person(self, home: Home, group: str = "ordinary", ring: str = "") -> Person:
        """A new person with a phone, a device and a payout account of their own."""
        self._persons += 1
        number = self._persons
        prefix = _PHONE_PREFIXES[number % len(_PHONE_PREFIXES)]
        return Person(
            number=number,
            member_id=f"m{self._tag}-{number:05d}",
            device=f"dev-{self._tag}-{spread_out(number, 16**8, 2_654_435_761):08x}",
            phone=f"{prefix}{spread_out(number // len(_PHONE_PREFIXES), 10**8, 61_803_399):08d}",
            payout_account=f"wx-{self._tag}-{spread_out(number, 36**6, 1_640_531_527):010d}",
            home=home,
            group=group,
            ring=ring,
        )

    def unionid(self, person: Person) -> str:
        """The platform-wide account of a person."""
        return f"union-{self._tag}-{spread_out(person.number, 16**7, 40_503_001):07x}"

    def id_card(self, person: Person) -> str:
        """An ID number with a valid check character, of the area the person lives in, aged 20 to 60."""
        area = next(code for *names, code in _PLACES if names == list(person.home.address[:3]))
        year = 1966 + person.number % 40
        month = 1 + person.number // 40 % 12
        day = 1 + person.number // 480 % 28
        first_17 = f"{area}{year}{month:02d}{day:02d}{person.number % 999 + 1:03d}"
        return first_17 + id_card_check(first_17)

    def respelled(self, address: Address) -> Address:
        """The same address as another hand would write it: what an honest shopper does now and then."""
        detail = address.detail
        for old, new in self._chance.some(
            [("幢", "号楼"), ("幢", "栋"), ("室", ""), ("号", " 号 "), ("单元", "-")],
            self._chance.whole(1, 2),
        ):
            detail = detail.replace(old, new)
        return address._replace(detail=detail)

    def disguised(self, address: Address) -> Address:
        """The same address written so that it looks like another one: what address brushing does."""
        detail = address.detail
        way = self._chance.whole(0, 6)
        if way == 0:
            return Address("", address.city, address.county, detail)
        if way == 1:
            return address._replace(detail=detail.translate(_FULL_WIDTH))
        if way == 2:
            return address._replace(detail=detail.replace("幢", "#").replace("单元", "-"))
        if way == 3:
            return address._replace(detail=_with_numerals(detail))
        if way == 4:
            return address._replace(detail=detail + self._chance.pick(("（放门口）", " 勿按门铃", "（电联）")))
        if way == 5:
            return address._replace(detail=detail.replace("单元", "-").removesuffix("室"))
        return address._replace(city=address.city.removesuffix("市"), detail=detail.replace("路", "璐"))

    def _building(self, rest: str) -> Address:
        chance = self._chance
        province, city, county, _ = chance.pick(_PLACES)
        road = chance.pick(_ROAD_FIRST) + chance.pick(_ROAD_SECOND) + chance.pick(_ROAD_KIND)
        return Address(province, city, county, f"{road}{chance.whole(1, 1999)}号{rest}")

    def _flat(self) -> str:
        return f"{self._chance.whole(1, 32)}{self._chance.whole(1, 4):02d}"


def _with_numerals(detail: str) -> str:
    """Building and unit numbers up to ten written in Chinese numerals: 3幢 becomes 三幢."""
    return _SMALL_NUMBER.sub(lambda found: _NUMERALS[int(found[0])], detail)
