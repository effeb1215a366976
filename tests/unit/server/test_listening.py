from __future__ import annotations

import socket

import pytest

from captioner.errors import UserError
from captioner.server.listening import MOST_UNSENT, bound


def test_a_port_that_is_taken_is_explained() -> None:
    with bound("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1:{port}: Address already in use. .* --port"):
            bound("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_explained() -> None:
    with pytest.raises(UserError, match="Cannot listen on 203.0.113.1"):
        bound("203.0.113.1", 0)


def test_the_kernel_takes_little_for_a_client_that_does_not_read() -> None:
    with (
        bound("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        connection, _ = listener.accept()
        with connection:
            option = socket.TCP_NOTSENT_LOWAT
            assert connection.getsockopt(socket.IPPROTO_TCP, option) == MOST_UNSENT
