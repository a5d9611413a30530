"""The operator sees every line of ours, and of the libraries' no more than tells him something."""

from __future__ import annotations

import logging

import pytest
from aiokafka.errors import ProducerFenced

from fraudstream.config.secret import MASK, SecretPlace
from fraudstream.stream import logs
from fraudstream.stream.logs import Masking, Sparing, lines_of, muted


def line(name: str, message: str, created: float, *arguments: object) -> logging.LogRecord:
    """Return a log line of some time."""
    record = logging.LogRecord(name, logging.WARNING, "", 0, message, arguments, None)
    record.created = created
    return record


def test_a_library_repeats_itself_seldom() -> None:
    """The same line with other arguments passes again only after the stated time."""
    sparing = Sparing()
    times = (100.0, 101.0, 109.9, 110.0, 111.0)
    passed = [time for time in times if sparing.filter(line("aiokafka", "node %s is gone", time, time))]
    assert passed == [100.0, 110.0]


def test_other_lines_pass() -> None:
    """Another message, another logger, and each line of ours are not taken for the same."""
    sparing = Sparing()
    lines = [("aiokafka", "one"), ("aiokafka", "two"), ("faust", "one"), *[("fraudstream.stream", "x")] * 3]
    assert all(sparing.filter(line(name, message, 100.0)) for name, message in lines)


@pytest.mark.parametrize(("error", "passes"), [(ProducerFenced(), False), (OSError(), True)])
def test_what_the_client_leaves_unread_is_not_told_twice(error: Exception, passes: bool) -> None:
    """The event loop's line on a future with an error of aiokafka's is dropped, no other."""
    record = line("asyncio", "Future exception was never retrieved", 100.0)
    record.exc_info = (type(error), error, None)
    assert Sparing().filter(record) is passes


def test_lines_that_never_repeat_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been said is remembered within bounds."""
    monkeypatch.setattr(logs, "LINES_MAX", 3)
    sparing = Sparing()
    assert all(sparing.filter(line("faust", f"line {number}", 100.0)) for number in range(10))
    assert len(sparing._said_at) <= 3


def test_muting_ends_with_the_block(caplog: pytest.LogCaptureFixture) -> None:
    """A library is silent only while its errors are handled."""
    library = logging.getLogger("some.library")
    with muted("some.library"):
        library.critical("unheard")
    library.warning("heard")
    assert caplog.messages == ["heard"]


def test_muting_ends_with_the_last_block_that_wants_it(caplog: pytest.LogCaptureFixture) -> None:
    """Two threads may leave in the order in which they came, and the library is heard again."""
    library = logging.getLogger("some.library")
    first, second = muted("some.library"), muted("some.library")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    library.critical("unheard")
    second.__exit__(None, None, None)
    library.warning("heard")
    assert caplog.messages == ["heard"]


def raised(text: str) -> BaseException:
    """Return an error that an error of an event has led to."""
    try:
        try:
            raise KeyError(text)
        except KeyError as first:
            raise ValueError(f"no {text}") from first
    except ValueError as error:
        return error


def written(form: str, *, quotes: bool, error: BaseException, name: str = "fraudstream.stream") -> str:
    """Return what the log has of a line about an error, with its traceback."""
    record = line(name, "failed on %s (%r)", 100.0, 7, error)
    record.exc_info = (type(error), error, error.__traceback__)
    return lines_of(form, quotes=quotes).format(record)


@pytest.mark.parametrize("form", ["human", "json"])
def test_lines_need_not_repeat_what_an_error_says(form: str) -> None:
    """Then they tell class and place of it, and of what led to it: an error may repeat an event."""
    text = written(form, quotes=False, error=raised("Jo Canary"))
    assert "failed on 7 ('ValueError')" in text
    assert "test_logs.py" in text
    assert text.index("KeyError") < text.rindex("ValueError")
    assert "Canary" not in text.replace('"Jo Canary"', "")
    assert "ValueError: no Jo Canary" in written(form, quotes=True, error=raised("Jo Canary"))


@pytest.mark.parametrize("error", [ProducerFenced("by another"), OSError(2, "not there")])
def test_what_is_said_of_no_event_is_told(error: Exception) -> None:
    """The errors of the broker's clients and of the system."""
    assert repr(error) in written("human", quotes=False, error=error).splitlines()[0]


def test_card_numbers_are_masked_in_all_lines() -> None:
    """Also in those of libraries, and in tracebacks."""
    text = written("human", quotes=True, error=raised("4111 1111 1111 1111"), name="faust")
    assert text.count("4111 11** **** 1111") == 3
    assert "1111 1111 1111" not in text


def test_no_line_holds_a_secret() -> None:
    """Neither the message nor the trace of an error, whichever library it comes from."""
    secret = SecretPlace(env="S").reveal({"S": "canary-of-logs-2e88"})
    record = line("aiokafka.conn", "sent %s", 100.0, f"user and {secret}".encode())
    try:
        raise ValueError(f"refused: {secret}")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    told = Masking(logging.Formatter("%(message)s")).format(record)
    assert "canary" not in told
    assert told.count(MASK) == 2
