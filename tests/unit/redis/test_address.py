"""What the URL of Redis says."""

from __future__ import annotations

import pytest

from captioner.errors import BadInput
from captioner.redis.address import Address, Login, Place, parse

HERE = Address("localhost", 6379)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://localhost", Place("server", (HERE,), Login())),
        ("redis://localhost/", Place("server", (HERE,), Login())),
        (
            "redis://10.0.0.7:7000/3",
            Place("server", (Address("10.0.0.7", 7000),), Login(None, None, 3)),
        ),
        ("redis://[::1]:7000", Place("server", (Address("::1", 7000),), Login())),
        ("rediss://:p%40ss@localhost", Place("server", (HERE,), Login(None, "p@ss", tls=True))),
        ("redis://me:a:b@localhost", Place("server", (HERE,), Login("me", "a:b"))),
        (
            "redis+sentinel://me:pw@a,b:26380/main",
            Place(
                "sentinel", (Address("a", 26379), Address("b", 26380)), Login("me", "pw"), "main"
            ),
        ),
        (
            "rediss+cluster://a,b:7001",
            Place("cluster", (Address("a", 6379), Address("b", 7001)), Login(tls=True)),
        ),
    ],
)
def test_a_url_says_where_redis_is_and_who_logs_in(url: str, place: Place) -> None:
    assert parse(url) == place


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("", "redis://"),
        ("localhost:6379", "redis://"),
        ("http://:s3cret@localhost", "redis://"),
        ("redis+ring://:s3cret@localhost", "redis://"),
        ("redis://:s3cret@", "redis://[user:password@]host"),
        ("redis://:s3cret@localhost:port", "redis://[user:password@]host"),
        ("redis://:s3cret@localhost/main", "redis://[user:password@]host"),
        ("redis://:s3cret@a,b", "redis://[user:password@]host"),
        ("redis://:s3c/ret@localhost", "%2F"),
        ("redis+sentinel://:s3cret@localhost", "/master"),
        ("redis+cluster://:s3cret@localhost/1", "redis+cluster://"),
    ],
)
def test_a_wrong_url_is_answered_with_what_is_right_and_never_repeated(
    url: str, right: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        parse(url)
    assert right in str(refusal.value)
    assert "s3c" not in str(refusal.value)


def test_an_address_reads_as_it_is_written() -> None:
    assert [str(HERE), str(Address("::1", 7000))] == ["localhost:6379", "[::1]:7000"]


def test_no_password_is_in_what_is_printed() -> None:
    assert "s3cret" not in repr(parse("redis://:s3cret@localhost"))
