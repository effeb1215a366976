from __future__ import annotations

import pytest

from captioner.errors import UserError
from captioner.server.listening import bound


def test_a_port_that_is_taken_is_explained() -> None:
    with bound("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1:{port}: Address already in use. .* --port"):
            bound("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_explained() -> None:
    with pytest.raises(UserError, match="Cannot listen on 203.0.113.1"):
        bound("203.0.113.1", 0)
