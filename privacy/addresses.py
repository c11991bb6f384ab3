"""One spelling for a postal address, so that the same front door written in many ways gives one key.

People write one address as ``3幢5单元1204室``, ``3#5-1204`` or ``三幢五单元1204``, with or without the
province, with notes to the courier behind it. The fold below follows docs/concepts/identifiers.md
(Addresses) and adds what shop exports show: repeated region names, dropped 街道, floors said twice,
traditional signs. It mends spelling only: homophones and wrong numbers stay different, since a wrong match
would tie strangers together.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

MUNICIPALITIES: Final = frozenset({"北京", "天津", "上海", "重庆"})
_NO_CITY: Final = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
_PEOPLES: Final = (
    *("维吾尔", "布依", "柯尔克孜", "哈萨克", "傈僳", "景颇", "哈尼", "朝鲜", "蒙古", "土家", "仫佬", "毛南", "撒拉"),
    *("东乡", "保安", "裕固", "拉祜", "独龙", "普米", "纳西", "锡伯", "塔吉克", "达斡尔", "鄂伦春", "鄂温克", "仡佬"),
    *"壮回藏羌彝苗侗傣白满瑶黎畲土佤怒水各",
)
_AUTONOMOUS: Final = ("自治区", "自治州", "自治县", "自治旗")
_REGION_SUFFIXES: Final = ("特别行政区", *_AUTONOMOUS, "地区", "林区", "新区", "省", "州", "市", "盟", "区", "县", "旗")
_PEOPLE_SUFFIXES: Final = (*(f"{people}族" for people in _PEOPLES), *_PEOPLES)
_REGION_SIGNS_MIN: Final = 2  # what is left of a region's name without its suffixes
_SIMPLIFIED: Final = str.maketrans("號樓單層棟區鎮縣鄉廈園東門號", "号楼单层栋区镇县乡厦园东门号")

_DIGITS: Final = {sign: index % 10 for index, sign in enumerate("〇一二三四五六七八九零壹贰叁肆伍陆柒捌玖")} | {"两": 2}
_PLACES: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000}
_NUMERAL_SIGNS: Final = "".join((*_DIGITS, *_PLACES))
_LOCKER: Final = re.compile(r"丰巢|菜鸟|驿站|快递[柜点站]|自提|提货点|代收|智能柜|云柜|兔喜|取件|团长")
_INSTITUTION: Final = re.compile(
    r"(?:写字楼|办公楼|商务楼|大厦|学校|大学|学院|中学|小学|宿舍|寝室|工厂|厂区|工业区|园区|产业园|科技园|工业园|软件园|医院)"
    r"(?![东西南北中]?[路街道巷])"  # 大学路 is a road
)


def _at_end(kept: int) -> Callable[[re.Match[str]], str]:
    """Drops all but a group of a match that reaches to the end, and leaves any other as it is.

    A pattern that took every match would be tried anew at each sign of what is not at the end.
    """
    return lambda match: match[kept] if match.end() == len(match.string) else match[0]


def _without_remark(match: re.Match[str]) -> str:
    """What is left of a bracket: what follows its last closing sign, all where none closes it."""
    opened, closed = match[0], match[1]
    if closed:
        return ""
    last = max(opened.rfind(sign) for sign in "}】》>")
    return opened[last + 1 :] if last > 0 else opened


def _without_floor(match: re.Match[str]) -> str:
    """Without the floor that the room after it begins with: nothing of the floor in 12层1204."""
    floor, said_by_room = match[1], match[2][:-2]
    return floor.removesuffix(said_by_room) if said_by_room and floor.endswith(said_by_room) else match[0]


_STEPS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[(\[{【《<][^0-9A-Z()\[\]]*+([)\]]?)", _without_remark),  # a bracket without numbers is a note
        (
            rf"(?<![{_NUMERAL_SIGNS}])[{_NUMERAL_SIGNS}]++(?=号|弄|栋|幢|座|单元|层|楼|室|房|户|期|#|-|$)",
            lambda match: _arabic(match[0]),
        ),
        (r"(?<=[0-9A-Z])[^\w#]++(?=[0-9A-Z])", "-"),  # between two numbers any separator says where one ends
        (r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", ""),  # a phone number for the courier
        (r"[^\w#-]|_", ""),
        (r"^[^0-9A-Z#-]{2,5}街道(?=[^0-9A-Z#路街巷-])", ""),  # the sub-district, named or not
        (r"(?<=弄)([0-9]++)号楼?", r"\1-"),
        (r"(?<![0-9A-Z])([0-9A-Z]++)(?:号楼|[栋幢座#]|单元?)", r"\1-"),
        (r"(?<![0-9])([0-9]++)[层楼]-?(?=([0-9]++))", _without_floor),
        (r"(?<![0-9])([0-9]++)[层楼](?=[0-9])", r"\1-"),
        (r"小区(?=[0-9A-Z-])", ""),
        (r"([路街道巷][0-9]++)(?:-|$)", r"\1号"),  # 文一西路969-3 means 969号3
        (r"(-[0-9A-Z]++)号", r"\1"),
        (r"(?<=[0-9A-Z东西中左右南北])()[室房户][^0-9A-Z#-]*+", _at_end(1)),  # after the room only notes follow
        (r"(-[0-9A-Z]++)(?![东西中左右南北](?![门侧边面]))[^0-9A-Z#-]++", _at_end(1)),
        (r"(-[0-9A-Z]++[东西中左右南北])(?![门侧边面])[^0-9A-Z#-]++", _at_end(1)),
        (r"(?:附近|旁边?|对面|门口|楼下|请.*|麻烦.*|谢谢)$", ""),
        (r"#+", "-"),
        (r"--+", "-"),
        (r"^-|-$", ""),
    )
)
"""In order. Each takes time in proportion to the text: what is repeated is never given back (``++``), and a pattern
that may fail behind it begins only where nothing like it stands before.
"""
_ROOM: Final = re.compile(r"(?:(?<=[号弄期])[0-9A-Z]++|(?<=[^0-9A-Z])[0-9A-Z]{3,}+)[东西中左右南北]?$")
_ROUNDS_MAX: Final = 12  # one pass may lay bare work for the next; real addresses need two


@dataclass(frozen=True, slots=True)
class Address:
    """A folded address: ``region`` is ``province|city|county``, ``detail`` the key inside it.

    ``building`` is that key without the unit; ``place`` is said in :func:`fold_address`.
    """

    region: str
    detail: str
    building: str
    place: str | None


def fold_address(parts: Mapping[str, str]) -> Address:
    """The address of ``province, city, county, detail`` in its one spelling; missing parts count as empty.

    The province is left out where the city is known: city names are unique in the country, and the province
    is often dropped. ``place`` is ``locker`` (many strangers collect there), ``institution`` (many strangers
    work or live there) or None.
    """
    names = [_region_name(parts.get(key, "")) for key in ("province", "city", "county")]
    province, city, county = names
    if not city and province in MUNICIPALITIES:
        city = province
    text = _fold(parts.get("detail", ""))
    detail = _detail(text, [name for name in (province, city, county) if name])
    locker, institution = _LOCKER.search(text), _INSTITUTION.search(text)
    return Address(
        region="|".join(("" if city else province, city, county)),
        detail=detail,
        building=_building(detail),
        place="locker" if locker else "institution" if institution else None,
    )


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    return folded.translate(_SIMPLIFIED)


def _region_name(text: str) -> str:
    name = re.sub(r"[\W_]", "", _fold(text))
    return "" if name in _NO_CITY else _without_suffixes(name)


def _without_suffixes(name: str) -> str:
    """``延边朝鲜族自治州`` as ``延边``, ``浦东新区`` as ``浦东``: without all that says what a region is."""
    while suffix := _suffix(name, _REGION_SUFFIXES):
        name = name.removesuffix(suffix)
        while suffix in _AUTONOMOUS and (people := _suffix(name, _PEOPLE_SUFFIXES)):
            name = name.removesuffix(people)
    return name


def _suffix(name: str, suffixes: Iterable[str]) -> str | None:
    """The first of the suffixes that a name has, where enough of a name stands before it."""
    long_enough = len(name) - _REGION_SIGNS_MIN
    return next((end for end in suffixes if len(end) <= long_enough and name.endswith(end)), None)


def _detail(text: str, regions: list[str]) -> str:
    said_again = [
        re.compile(rf"^{re.escape(name)}(?:省|市|区|县|自治[区州县]|(?![路街道巷大]))")
        for name in regions
        if len(name) > 1
    ]
    for _ in range(_ROUNDS_MAX):
        before = text
        for pattern, replacement in _STEPS:
            text = pattern.sub(replacement, text)
        for name in said_again:
            text = name.sub("", text)
        if text == before:
            break
    return text


def _building(detail: str) -> str:
    house, dash, _ = detail.partition("-")
    return house if dash else _ROOM.sub("", detail)


def _arabic(numeral: str) -> str:
    """``一二〇四`` digit by digit, ``十二`` or ``一千二百零四`` by places."""
    if not any(sign in _PLACES for sign in numeral):
        return "".join(str(_DIGITS[sign]) for sign in numeral)
    total, digit = 0, None
    for sign in numeral:
        if sign in _PLACES:
            total, digit = total + (1 if digit is None else digit) * _PLACES[sign], None
        else:
            digit = _DIGITS[sign]
    return str(total + (digit or 0))
