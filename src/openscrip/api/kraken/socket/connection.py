"""One client's connection: frames in, bounded in size and rate; frames out, in order, and never waited for.

What is said gathers in `out` and leaves by `flush`, all of it in one write. A reader who does not keep up is marked `slow` once
`Limits.slow_bytes` wait for him: market data then passes him by, and he gets snapshots when he has caught up. What may not be
left out (replies, executions, balances) goes on waiting up to `Limits.backlog_bytes`; past that the connection is cut.
"""

import logging
from asyncio import Transport
from dataclasses import dataclass
from typing import Protocol

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from openscrip.api.kraken.errors import TEXTS
from openscrip.api.kraken.socket.asked import Asked, decode, fault_of
from openscrip.api.kraken.socket.session import Speaker
from openscrip.api.kraken.socket.wire import framed_all, quoted, refusal_body, reply_head, tail, time_text

TEXT = WSMsgType.TEXT
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may ask of the venue."""

    frame_bytes: int = 65_536
    frames_per_s: int = 20_000
    """More within a second are refused; twice as many, and the connection is closed."""
    strangers_frames_per_s: int = 500
    """The same for a connection on which nobody has shown a token yet."""
    subscriptions: int = 1_000
    sessions: int = 8
    """Tokens in use on one connection."""
    connections: int = 5_000
    slow_bytes: int = 1 << 18
    backlog_bytes: int = 1 << 23


class Listening(Protocol):
    """What a connection tells the server that it belongs to."""

    limits: Limits

    def now_us(self) -> int:
        """The venue's time."""
        ...

    def opened(self, connection: "Connection") -> None:
        """A client has come."""
        ...

    def asked(self, connection: "Connection", asked: Asked, now_us: int) -> None:
        """A request was decoded."""
        ...

    def at_once(self, connection: "Connection", payloads: list[bytes], done: int, now_us: int) -> int:
        """Do plain requests from the place `done` on, until one is not plain: its place."""
        ...

    def read_all(self, connection: "Connection") -> None:
        """All frames of one read were handled."""
        ...

    def flush_soon(self, connection: "Connection") -> None:
        """Something waits to leave; what else is to be said in this turn may join it."""
        ...

    def caught_up(self, connection: "Connection") -> None:
        """A slow reader has room again."""
        ...

    def closed(self, connection: "Connection") -> None:
        """A client has gone."""
        ...


class Connection(WSListener):
    """A client. Single-threaded: everything happens in the server's loop."""

    def __init__(self, server: Listening, number: int, *, private: bool) -> None:
        self.number, self.private = number, private
        self.out: list[bytes] = []
        self.held: list[str | bytes] = []
        """Replies up to their `time_out` that leave when what they tell of is on the disk."""
        self.slow = False
        self.gone = False
        self.spoke = True
        """Whether anything left since the last heartbeat."""
        self.sessions: dict[str, Speaker] = {}
        """Who speaks here, by token."""
        self.spellings: dict[int, str] = {}
        """How the client spelt each instrument the last time, by its number."""
        self._server = server
        self._is_closing = False
        self._frames = 0
        self._now_us = 0
        self._parts: list[bytes] | None = None
        self._payloads: list[bytes] = []
        self._transport: WSTransport | None = None
        self._stream: Transport | None = None

    # picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The upgrade is done."""
        self._transport, self._stream = transport, transport.underlying_transport
        self._stream.set_write_buffer_limits(high=self._server.limits.slow_bytes)
        self._server.opened(self)
        self.flush()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame came; the last one of a read lets the replies to all of them go."""
        if self._is_closing:
            return
        if frame.msg_type is TEXT and frame.fin and self._parts is None:
            self._payloads.append(frame.get_payload_as_bytes())
        else:
            self._take()
            self._odd(frame)
        if frame.last_in_buffer:
            self._take()
            self._now_us = 0
            self._server.read_all(self)
            if self.out:
                self.flush()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The client is gone, or was cut."""
        self.gone = True
        self._server.closed(self)

    def pause_writing(self) -> None:
        """More waits for the client than it reads."""
        self.slow = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.slow = False
        if not self.gone:
            self._server.caught_up(self)
            self.flush()

    # in

    def _take(self) -> None:
        """What one read brought: plain requests all at once, the others one by one, each in its turn."""
        payloads, done = self._payloads, 0
        if not payloads:
            return
        self._payloads = []
        now_us = self._now_us = self._now_us or self._server.now_us()
        while done < len(payloads) and not self._is_closing:
            if self._frames + len(payloads) - done <= self._frames_max():
                before, done = done, self._server.at_once(self, payloads, done, now_us)
                self._frames += done - before
            if done < len(payloads):
                self._payload(payloads[done])
                done += 1

    def _payload(self, payload: bytes) -> None:
        now_us = self._now_us or self._server.now_us()
        self._now_us = now_us
        self._frames += 1
        if self._frames > self._frames_max():
            self._flooded(payload, now_us)
            return
        try:
            asked = decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            self._refuse(payload, fault, now_us)
            return
        self._server.asked(self, asked, now_us)

    def _odd(self, frame: WSFrame) -> None:
        """Messages in several frames are put together; pings are answered below us; binary ones nobody speaks."""
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            if self._transport is not None:
                self._transport.send_close(frame.get_close_code())
                self._transport.disconnect()
        elif kind is WSMsgType.BINARY:
            self.close(WSCloseCode.UNSUPPORTED_DATA, b"text frames only")
        elif kind in {TEXT, WSMsgType.CONTINUATION}:
            if (self._parts is None) == (kind is not TEXT):
                self.close(WSCloseCode.PROTOCOL_ERROR, b"continuation out of place")
                return
            parts = self._parts = [*(self._parts or []), frame.get_payload_as_bytes()]
            if sum(map(len, parts)) > self._server.limits.frame_bytes:
                self.close(WSCloseCode.MESSAGE_TOO_BIG, b"message too big")
            elif frame.fin:
                self._parts = None
                self._payload(b"".join(parts))

    def _refuse(self, payload: bytes, fault: Exception, now_us: int) -> None:
        if isinstance(fault, msgspec.DecodeError):
            method, request, text = fault_of(payload, fault)
        else:
            method, request, text = None, None, "EGeneral:Invalid arguments:malformed request"
        self.refuse(method, request, text, now_us)

    def refuse(self, method: str | None, request: int | None, text: str, now_us: int, more: str = "") -> None:
        """Say no to a request; `method` is None where it could not be read."""
        if method is None:
            named = "" if request is None else f'"req_id":{request},'
            head = f'{{{named}"error":{quoted(text)},"success":false,"time_in":"{time_text(now_us)}",'
        else:
            head = reply_head(quoted(method)[1:-1], request, refusal_body(text, more), now_us)
        self.held.append(head)

    def _flooded(self, payload: bytes, now_us: int) -> None:
        if self._frames > 2 * self._frames_max():
            self.close(WSCloseCode.POLICY_VIOLATION, b"too many requests")
            return
        method, request, _text = fault_of(payload, msgspec.DecodeError(""))
        self.refuse(method, request, TEXTS["api.flooded"], now_us)

    def _frames_max(self) -> int:
        limits = self._server.limits
        return limits.frames_per_s if self.sessions else limits.strangers_frames_per_s

    def charge(self, frames: int) -> bool:
        """Count a costly request as so many more; False if that is too much within this second."""
        self._frames += frames
        return self._frames <= self._frames_max()

    def second_passed(self) -> None:
        """Count frames anew."""
        self._frames = 0

    # out

    def say(self, payload: bytes) -> None:
        """Have it said with the next `flush`."""
        self.out.append(payload)

    def release(self, heads: list[str | bytes]) -> None:
        """What these replies tell of is durable: let them go, in one write with the executions that follow at once."""
        if self.gone:
            return
        end = tail(self._server.now_us()).encode()
        self.out += [(head.encode() if isinstance(head, str) else head) + end for head in heads]
        self._server.flush_soon(self)

    def flush(self) -> None:
        """Let what was said leave, in one write."""
        out, transport = self.out, self._transport
        if not out or self.gone or transport is None or self._stream is None:
            return
        self.out = []
        self.spoke = True
        if len(out) == 1:
            transport.send(TEXT, out[0])
        else:
            self._stream.write(framed_all(out))
        if self.slow and self._stream.get_write_buffer_size() > self._server.limits.backlog_bytes:
            _log.warning("connection %d was cut: it did not read what it was told", self.number)
            self.cut()

    def broadcast(self, payload: bytes) -> bool:
        """Market data: said at once, or not at all to a slow reader; whether it was said."""
        if self.slow or self.gone or self._transport is None:
            return False
        if self.out:
            self.flush()
        self._transport.send(TEXT, payload)
        self.spoke = True
        return True

    def close(self, code: WSCloseCode, reason: bytes) -> None:
        """Say why, and end the connection."""
        if self._transport is not None and not self.gone:
            self._is_closing = True
            self._server.read_all(self)
            self.flush()
            self._transport.send_close(code, reason)
            self._transport.disconnect()

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None and not self.gone:
            self._transport.disconnect(graceful=False)
