"""Money as integer minor units, with the exponents of ISO 4217."""

from __future__ import annotations

import re
from decimal import Context, Decimal

import numpy as np
from numpy.typing import NDArray

# ISO 4217 list one (active codes): every code whose minor unit is not 2 stands in its own group.
_EXPONENT_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENT_3 = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENT_4 = "CLF UYW"
_EXPONENT_2 = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON "
    "RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS "
    "UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)

EXPONENTS: dict[str, int] = {
    code: exponent
    for codes, exponent in ((_EXPONENT_0, 0), (_EXPONENT_2, 2), (_EXPONENT_3, 3), (_EXPONENT_4, 4))
    for code in codes.split()
}
"""Digits after the point by ISO 4217 code."""


_TEXT_CHARS_MAX = 40
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,6})?")
_ABSURD_DIGITS = 19
_SCALED_MAX = 2.0**62
_EXACT = Context(prec=2 * _TEXT_CHARS_MAX)
"""More digits than a text of that length and a factor can have: nothing is rounded."""


def factor(currency: str) -> int:
    """Return how many minor units make one major unit; KeyError for an unknown code."""
    return int(10 ** EXPONENTS[currency])


def minor_from_numbers(
    amounts: NDArray[np.float64], factors: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Scale JSON numbers to minor units; the mask tells where the number has too many decimals.

    A double carries a decimal of up to 15 digits exactly, so the nearest integer is the right one where
    the product lies within its own rounding error (2 ulp) of that integer. Larger amounts come as text;
    what int64 cannot hold becomes +-2**62.
    """
    scaled = amounts * factors
    nearest = np.rint(scaled)
    excess = np.abs(scaled - nearest) > np.abs(scaled) * 2.0**-51
    bounded = np.clip(nearest, -_SCALED_MAX, _SCALED_MAX)
    return np.where(excess, 0, bounded).astype(np.int64), excess


def minor_from_text(text: str, minor_per_major: int) -> int | None:
    """Scale decimal text to minor units; None where it is no finite decimal or has too many decimals."""
    if len(text) > _TEXT_CHARS_MAX or not _DECIMAL.fullmatch(text):
        return None
    amount = Decimal(text)
    if amount.adjusted() >= _ABSURD_DIGITS:
        # "1e999999" is a short text, and an integer that would take minutes to write out.
        return int(10**_ABSURD_DIGITS if amount > 0 else -(10**_ABSURD_DIGITS))
    scaled = _EXACT.multiply(amount, Decimal(minor_per_major))
    return int(scaled) if scaled == scaled.to_integral_value() else None


def format_minor(minor: int, currency: str) -> str:
    """Write minor units as major units with the currency, e.g. `9,100.00 USD`."""
    return f"{_decimal(minor, EXPONENTS[currency], ',')} {currency}"


def decimal_text(minor: int, currency: str) -> str:
    """Write minor units as plain decimal text in major units, e.g. `9100.00`: exact for any reader."""
    return _decimal(minor, EXPONENTS[currency], "")


def _decimal(minor: int, exponent: int, grouping: str) -> str:
    whole, rest = divmod(abs(minor), 10**exponent)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:{grouping}}.{rest:0{exponent}d}" if exponent else f"{sign}{whole:{grouping}}"
