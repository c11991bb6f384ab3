"""Money of exports: exact, in the minor unit of any currency, rounded half up once."""

import pytest

from shopside.importing.amounts import NotANumber, exponent_of, read_amount, read_quantity


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
    assert read_amount(text).minor(exponent_of(currency)) == (minor, False)


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
    assert read_amount(text).minor(2, times) == (minor, True)


def test_a_line_is_multiplied_before_it_is_rounded() -> None:
    assert read_amount("0.001").minor(2, times=10) == (1, False)
    assert read_amount("0.125").minor(2, times=2) == (25, False)


def test_a_tenth_of_a_yen_is_rounded_too() -> None:
    assert read_amount("99.5").minor(0) == (100, True)


@pytest.mark.parametrize("text", ["(2.10)", "-2.10", "-£2.10"])
def test_negative_amounts(text: str) -> None:
    assert (read_amount(text).digits, read_amount(text).decimals) == (-210, 2)


@pytest.mark.parametrize(
    "text", ["", "abc", "1,69", "1e3", "NaN", "Infinity", "1.2.3", "--1", ".5", "1.", "٣", "1" * 31, "0x10", "(1", "-"]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        read_amount(text)


@pytest.mark.parametrize(("text", "quantity"), [("6", 6), ("6.0", 6), ("-12", -12), ("1,200", 1200), ("0", 0)])
def test_quantities(text: str, quantity: int) -> None:
    assert read_quantity(text) == quantity


def test_half_a_piece_is_refused() -> None:
    with pytest.raises(NotANumber):
        read_quantity("1.5")


@pytest.mark.parametrize("currency", ["cny", "RMB1", "", "C Y"])
def test_what_is_no_currency_code(currency: str) -> None:
    with pytest.raises(ValueError, match="not a currency code"):
        exponent_of(currency)
