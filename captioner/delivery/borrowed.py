"""The socket of a transport, to be written to past it."""

from __future__ import annotations

import asyncio
import socket


class BorrowedSocket(socket.socket):
    """Is the transport's, which closes it; whoever borrows it gives it back before, by `detach`.

    Only while the transport holds nothing may be sent past it.
    """

    __slots__ = ()

    def __del__(self) -> None:
        """Never close it: by now its number may be another's."""
        self.detach()


def borrow(transport: asyncio.Transport) -> BorrowedSocket | None:
    """The transport's socket; None where there is none, or bytes are encrypted on their way."""
    lender = transport.get_extra_info("socket")
    if lender is None or transport.get_extra_info("sslcontext") is not None:
        return None
    borrowed = BorrowedSocket(lender.family, lender.type, lender.proto, lender.fileno())
    borrowed.setblocking(False)
    return borrowed
