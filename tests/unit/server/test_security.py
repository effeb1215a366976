from __future__ import annotations

import pytest

from captioner.errors import BadInput
from captioner.server.security import is_loopback, require_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "localhost", "LOCALHOST", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)
    require_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.168.0.7", "localhost.evil.example"])
def test_where_others_could_connect_the_server_does_not_listen(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(BadInput, match="access tokens"):
        require_loopback(host)
