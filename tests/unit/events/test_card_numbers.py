"""Card numbers in free text are masked, and nothing else is."""

from __future__ import annotations

import pytest

from fraudstream.events.card_numbers import masked, masked_payload

VISA = "4111111111111111"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"card {VISA}, thanks", "card 411111******1111, thanks"),
        ("4111 1111 1111 1111", "4111 11** **** 1111"),
        ("4111-1111-1111-1111", "4111-11**-****-1111"),
        ("4111.1111.1111.1111", "4111.11**.****.1111"),
        ("4111\u00a01111\u20131111\u00a01111", "4111\u00a011**\u2013****\u00a01111"),
        ("\u0664\u0661\u0661\u0661 1111 1111 1111", "\u0664\u0661\u0661\u0661 11** **** 1111"),
        ("378282246310005", "378282*****0005"),
        ("6011 0000 0000 0004", "6011 00** **** 0004"),
        ("2223003122003222", "222300******3222"),
        ("6759649826438453", "675964******8453"),
        (f"invoice 12 {VISA} 7", "invoice 12 411111******1111 7"),
        (f"{VISA} 5500000000000004", "411111******1111 550000******0004"),
        (f"x{VISA}y", "x411111******1111y"),
    ],
)
def test_a_card_number_is_masked(text: str, shown: str) -> None:
    """Of any scheme, with separators, in other digits, beside other numbers: only the ends stay."""
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rent for March",
        "4111111111111112",
        "1772438400000000",
        "20260302081530123",
        "DE89 3704 0044 0532 0130 00",
        "4111  1111  1111  1111",
        "41111111111111111111111",
        "411111******1111",
    ],
)
def test_other_texts_stay(text: str) -> None:
    """Wrong check digits, times, accounts, longer numbers, and what is masked already."""
    assert masked(text) == text
    assert masked_payload(text.encode()) == text.encode()


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (b'{"purpose": "4111 1111 1111 1111"}', b'{"purpose": "4111 11** **** 1111"}'),
        (b'{"card": 4111111111111111, "n": 1}', b'{"card": 411111******1111, "n": 1}'),
        (rb'"\u0034111\u00201111\u002d1111 111\u0031"', rb'"\u0034111\u002011**\u002d**** 111\u0031"'),
        ("4111\u00a01111\u00a01111\u00a01111".encode(), "4111\u00a011**\u00a0****\u00a01111".encode()),
        (b"\xff 4111111111111111 {", b"\xff 411111******1111 {"),
    ],
)
def test_payloads_are_masked_as_bytes(payload: bytes, kept: bytes) -> None:
    """In JSON, with escapes, and in what is neither JSON nor UTF-8."""
    assert masked_payload(payload) == kept
