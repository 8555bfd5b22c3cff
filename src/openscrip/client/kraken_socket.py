"""The venue's WebSocket v2 for a program: requests with their answers, and the messages of channels in order."""

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException

from openscrip.client.kraken import VenueRefused, read_json
from openscrip.kernel.errors import Unavailable

ANSWER_S = 10.0
PING_S = 20.0

Message = Mapping[str, Any]


def number(text: str) -> msgspec.Raw:
    """A decimal as a JSON number with all its digits."""
    return msgspec.Raw(text.encode())


class KrakenSocket:
    """One connection. With a `token` every request carries it, as the private socket wants.

    Warning: a request without an answer may have been carried out; what became of it, the executions of the next connection
    tell.
    """

    def __init__(self, connection: ClientConnection, token: str) -> None:
        self._connection, self._token = connection, token
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, token: str = "") -> Self:
        """Connect to `url`, which ends in `/v2`. Raises `Unavailable`."""
        try:
            connection = await connect(url, proxy=None, ping_interval=PING_S, max_size=2**24)
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise Unavailable(f"venue: {url} did not take a connection ({type(error).__name__})") from error
        return cls(connection, token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection; requests that wait are `Unavailable`."""
        await self._connection.close()
        await self._reader

    async def request(self, method: str, **params: Any) -> Any:
        """The `result` of a request. Raises `VenueRefused` or `Unavailable`."""
        number_of = next(self._numbers)
        if self._token:
            params["token"] = self._token
        told = {"method": method, "params": params, "req_id": number_of}
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number_of] = answer
        try:
            await self._connection.send(msgspec.json.encode(told).decode())
            async with asyncio.timeout(ANSWER_S):
                message = await answer
        except (WebSocketException, TimeoutError) as error:
            raise Unavailable(f"venue: {method} was not answered ({type(error).__name__})") from error
        finally:
            self._waiting.pop(number_of, None)
        if not message.get("success", True):
            raise VenueRefused(str(message.get("error", "")))
        return message.get("result", {})

    async def subscribe(self, channel: str, **options: Any) -> None:
        """Ask for a channel; its messages come by `receive`."""
        await self.request("subscribe", channel=channel, **options)

    async def receive(self) -> Message:
        """The next message of a channel. Raises `Unavailable` once the connection has ended."""
        message = await self._messages.get()
        if message is None:
            self._messages.put_nowait(None)
            raise Unavailable("venue: the connection ended")
        return message

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                self._take(read_json(text))
        except (WebSocketException, json.JSONDecodeError):
            await self._connection.close()
        finally:
            self._messages.put_nowait(None)
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Unavailable("venue: the connection ended"))

    def _take(self, message: Message) -> None:
        if "method" not in message:
            if message.get("channel") != "heartbeat":
                self._messages.put_nowait(message)
            return
        answer = self._waiting.get(message.get("req_id", 0))
        # A subscription to several symbols is answered once for each: the first answer is taken.
        if answer is not None and not answer.done():
            answer.set_result(message)
