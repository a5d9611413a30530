"""Finds card numbers (PANs) in free text and masks them: what is printed of one is at most its ends.

A card number is a run of 13 to 19 digits with at most one space, dot or dash between two of them, that begins
as the payment schemes begin theirs and whose last digit is that of Luhn (ISO/IEC 7812-1). One in ten other
runs of digits with such a begin passes as well: names of accounts and events are not searched, see `Column`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_ISSUER = re.compile(r"4|5[0-8]|6|8[12]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3(?:[4-9]|0[0-5])")
"""How card numbers of Visa, Mastercard, Maestro, Amex, Diners, Discover, JCB, UnionPay and RuPay begin."""
_DIGITS_MIN, _DIGITS_MAX = 13, 19
_RUN = re.compile(r"\d(?:[\s.\-\u2010-\u2015\u2212]?\d){12,}")
"""Digits of any script, at most one separator between two of them."""
_ESCAPED_RUN = re.compile(
    rb"(?:\d|\\u003\d)(?:(?:[ .\-\t]|\\u00(?:20|2[dD]|2[eE]|[aA]0)|\\u201[0-5]|\xc2\xa0|\xe2\x80[\x90-\x95])?"
    rb"(?:\d|\\u003\d)){12,}"
)
"""The same in the bytes of JSON, where digits and separators may be escaped."""
_ESCAPED_DIGIT = re.compile(rb"\\u003(\d)|\\u[0-9a-fA-F]{4}|(\d)")
_KEPT_AHEAD, _KEPT_BEHIND = 6, 4
"""So many digits at the ends may be shown of a card number (PCI DSS 3.4.1)."""
MASK = "*"


def masked(text: str) -> str:
    """Return a text with the inner digits of the card numbers in it as `*`, itself where there is none."""
    return _RUN.sub(_masked_run, text) if _RUN.search(text) else text


def masked_payload(content: bytes) -> bytes:
    """Return a message with the inner digits of all card numbers in it as `*`, itself where there is none.

    Wherever in the JSON they stand, also where it is no JSON, and digits that are escaped (`\\u0034`).
    """
    return _ESCAPED_RUN.sub(_masked_bytes, content) if _ESCAPED_RUN.search(content) else content


def _masked_run(run: re.Match[str]) -> str:
    characters = list(run[0])
    places = [place for place, each in enumerate(characters) if each.isdecimal()]
    for inner in _inner_digits("".join(str(int(characters[place])) for place in places), _starts(places)):
        characters[places[inner]] = MASK
    return "".join(characters)


def _masked_bytes(run: re.Match[bytes]) -> bytes:
    content = run[0]
    found = [each for each in _ESCAPED_DIGIT.finditer(content) if each[1] or each[2]]
    digits = b"".join(each[1] or each[2] for each in found).decode()
    joined = [0] * len(found)
    for number, (before, each) in enumerate(pairwise(found), 1):
        joined[number] = joined[number - 1] + (1 if before.end() == each.start() else 2)
    inner = {found[number].span() for number in _inner_digits(digits, _starts(joined))}
    parts, end = [], 0
    for start, stop in sorted(inner):
        parts += [content[end:start], MASK.encode()]
        end = stop
    return b"".join([*parts, content[end:]])


def _starts(places: list[int]) -> list[int]:
    """Return which digits of a run begin a group, by their places in the text, and the end."""
    apart = [number for number in range(1, len(places)) if places[number] != places[number - 1] + 1]
    return [0, *apart, len(places)]


def _inner_digits(digits: str, bounds: list[int]) -> Iterator[int]:
    """Yield which digits to mask: a card number begins and ends where a group of digits does."""
    for start in bounds[:-1]:
        # The longest that fits, so that nothing of it stays behind the mask of a shorter one.
        for end in reversed(bounds):
            if _DIGITS_MIN <= end - start <= _DIGITS_MAX and _is_card_number(digits[start:end]):
                yield from range(start + _KEPT_AHEAD, end - _KEPT_BEHIND)
                break


def _is_card_number(digits: str) -> bool:
    return _ISSUER.match(digits) is not None and _luhn(digits) % 10 == 0


def _luhn(digits: str) -> int:
    """Return the sum of a number's digits, every second from the right doubled (9 taken off above 9)."""
    doubled = (sum(divmod(2 * int(each), 10)) for each in digits[-2::-2])
    return sum(int(each) for each in digits[-1::-2]) + sum(doubled)
