"""Money of exports: exact, in the minor unit of any currency, rounded half up once."""

import pytest

from shopside.importing.amounts import Ambiguous, NotANumber, Numbers, exponent_of

ENGLISH = Numbers(".")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1.69", "GBP", 169),
        ("1.69", "KWD", 1690),
        ("1.695", "KWD", 1695),
        ("1200", "JPY", 1200),
        ("1,234.50", "CNY", 123_450),
        ("12,345,678", "JPY", 12_345_678),
        ("£3", "GBP", 300),
        ("¥ 88.80", "CNY", 8880),
        ("CNY 5.00", "CNY", 500),
        ("0.1", "CNY", 10),
        ("90071992547409.93", "CNY", 9_007_199_254_740_993),
    ],
)
def test_amounts_become_minor_units(text: str, currency: str, minor: int) -> None:
    assert ENGLISH.amount(text).minor(exponent_of(currency)) == (minor, False)


@pytest.mark.parametrize(
    ("text", "times", "minor"),
    [
        ("0.001", 1, 0),
        ("0.004", 1, 0),
        ("0.005", 1, 1),
        ("0.125", 1, 13),
        ("0.125", 3, 38),
        ("2.675", 1, 268),
    ],
)
def test_parts_of_a_minor_unit_are_rounded_half_up_once_per_line(text: str, times: int, minor: int) -> None:
    assert ENGLISH.amount(text).minor(2, times) == (minor, True)


def test_a_line_is_multiplied_before_it_is_rounded() -> None:
    assert ENGLISH.amount("0.001").minor(2, times=10) == (1, False)
    assert ENGLISH.amount("0.125").minor(2, times=2) == (25, False)


def test_a_tenth_of_a_yen_is_rounded_too() -> None:
    assert ENGLISH.amount("99.5").minor(0) == (100, True)


@pytest.mark.parametrize("text", ["(2.10)", "-2.10", "-£2.10"])
def test_negative_amounts(text: str) -> None:
    assert (ENGLISH.amount(text).digits, ENGLISH.amount(text).decimals) == (-210, 2)


@pytest.mark.parametrize(
    "text", ["", "abc", "1,69", "1e3", "NaN", "Infinity", "1.2.3", "--1", ".5", "1.", "٣", "1" * 31, "0x10", "(1", "-"]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        ENGLISH.amount(text)


@pytest.mark.parametrize(("text", "quantity"), [("6", 6), ("6.0", 6), ("-12", -12), ("1,200", 1200), ("0", 0)])
def test_quantities(text: str, quantity: int) -> None:
    assert ENGLISH.quantity(text) == quantity


def test_half_a_piece_is_refused() -> None:
    with pytest.raises(NotANumber):
        ENGLISH.quantity("1.5")


@pytest.mark.parametrize("currency", ["cny", "RMB1", "", "C Y"])
def test_what_is_no_currency_code(currency: str) -> None:
    with pytest.raises(ValueError, match="not a currency code"):
        exponent_of(currency)


UNSAID = Numbers(".", certain=False)
SEMICOLONS = Numbers(".", certain=False, comma_likely=True)
COMMA = Numbers(",")


@pytest.mark.parametrize("text", ["0,125", "0,5", "2,55", "1,2345", "12,34,567", "1.234,50", ",5", "01,234"])
def test_what_is_no_group_of_thousands_is_no_number(text: str) -> None:
    for numbers in (ENGLISH, UNSAID):
        with pytest.raises(NotANumber):
            numbers.amount(text)


@pytest.mark.parametrize("text", ["1.250", "12.500", "999.999"])
def test_a_point_before_three_digits_is_asked_about_where_nobody_said_the_sign(text: str) -> None:
    with pytest.raises(Ambiguous):
        UNSAID.amount(text)
    assert ENGLISH.amount(text).decimals == 3


def test_a_comma_before_three_digits_is_asked_about_where_semicolons_separate() -> None:
    with pytest.raises(Ambiguous):
        SEMICOLONS.amount("1,250")
    assert UNSAID.amount("1,250").digits == 1250


@pytest.mark.parametrize("text", ["0.125", "1.25", "1.2500", "1250", "1,234.50", "1000.125"])
def test_what_has_one_meaning_is_read_though_nobody_said_the_sign(text: str) -> None:
    assert UNSAID.amount(text) == ENGLISH.amount(text)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("2,55", 255), ("0,125", 13), ("1.250", 125_000), ("1.234,50", 123_450), ("1 234,50", 123_450), ("12,00 €", 1200)],
)
def test_a_decimal_comma(text: str, minor: int) -> None:
    assert COMMA.amount(text).minor(2)[0] == minor


@pytest.mark.parametrize("text", ["1'234.50", "1 234.50", "1\u202f234.50"])
def test_other_signs_between_thousands(text: str) -> None:
    assert ENGLISH.amount(text).minor(2) == (123_450, False)


@pytest.mark.parametrize("text", ["1 23.50", "12 3456", "0 123", "1'23", "1 2"])
def test_blanks_that_part_no_thousands(text: str) -> None:
    with pytest.raises(NotANumber):
        ENGLISH.amount(text)


@pytest.mark.parametrize(
    ("text", "currencies"),
    [
        ("US$ 12.00", {"USD"}),
        ("12.00 EUR", {"EUR"}),
        ("€12", {"EUR"}),
        ("¥12", {"CNY", "JPY"}),
        ("￥12", {"CNY", "JPY"}),
        ("RMB 12", {"CNY"}),
        ("12元", {"CNY"}),
        ("CNY ¥12", {"CNY"}),
        ("-£2", {"GBP"}),
        ("£-2", {"GBP"}),
        ("HK$12", {"HKD"}),
    ],
)
def test_a_currency_named_beside_an_amount_counts(text: str, currencies: set[str]) -> None:
    assert ENGLISH.amount(text).currencies == frozenset(currencies)


@pytest.mark.parametrize("text", ["12 pieces", "kr 12", "12%", "€12 USD $", "1 2 EUR", "--2", "(-2)"])
def test_words_beside_an_amount_are_no_currency(text: str) -> None:
    with pytest.raises(NotANumber):
        ENGLISH.amount(text)
