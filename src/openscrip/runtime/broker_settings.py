"""Settings of the broker: which kind it is, where it answers, who we are there, and how patient we are."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class BrokerLine:
    """One broker: over FIX 4.2, or Alpaca's Broker API. While neither `fix` nor `alpaca` is given, a paper broker of this
    machine that speaks as `kind` says.
    """

    kind: Literal["fix", "alpaca"] = "fix"
    """A data folder keeps the kind that it began with."""
    fix: str = ""
    """`host:port` of the broker's FIX acceptor."""
    back_office: str = ""
    """Address of the broker's back office: settlements, positions, corporate actions."""
    sender: str = "OPENSCRIP"
    """Our CompID (49)."""
    target: str = "PAPERBROKER"
    """The broker's CompID (56)."""
    heartbeat_s: int = 30
    reset: Literal["never", "daily"] = "never"
    """Whether the first logon of a trade date begins the numbers again, as the broker wants it."""
    ask_after_s: int = 5
    """An order that is not answered for so many machine seconds is asked for."""
    alpaca: str = ""
    """Address of Alpaca's Broker API, such as `https://broker-api.alpaca.markets`."""
    account: str = ""
    """The id of our account at Alpaca."""
    key_file: str = ""
    """File of mode 600 with two lines: Alpaca's key and its secret."""
    auth: Literal["basic", "apca", "oauth"] = "basic"
    """How key and secret are shown to Alpaca."""
    token_url: str = ""
    """Where `oauth` gets its tokens."""
    paper_fills: Literal["at_close", "at_once"] = "at_close"
    """When the paper broker fills regular orders: near the session's close at its price, or at once at the last known close."""

    @property
    def is_outside(self) -> bool:
        """Whether the broker is somebody else's, and not the paper broker of this machine."""
        return bool(self.fix or self.alpaca)

    def door(self) -> tuple[str, int]:
        """Host and port of `fix`. Raises `ValueError`."""
        host, _, port = self.fix.rpartition(":")
        return host, int(port)

    def problems(self) -> list[str]:
        """What is wrong in this section, each as a sentence."""
        found = self._of_fix() + self._of_alpaca()
        theirs = ("fix", "back_office") if self.kind == "alpaca" else ("alpaca", "account", "key_file", "token_url")
        given = [name for name in theirs if getattr(self, name)]
        if given:
            found.append(f"broker: {', '.join(given)} was given and kind was {self.kind!r}; change kind, or take it out")
        return found

    def _of_fix(self) -> list[str]:
        found = []
        host, _, port = self.fix.rpartition(":")
        if self.fix and not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
            found.append(f"broker: fix was {self.fix!r}; give host:port")
        if bool(self.fix) != bool(self.back_office):
            found.append("broker: fix and back_office go together; give both, or neither for the paper broker")
        if not self.sender or not self.target or self.sender == self.target:
            found.append("broker: sender and target must be two names")
        if not 1 <= self.heartbeat_s <= 300:
            found.append(f"broker: heartbeat_s was {self.heartbeat_s}; 1 to 300 are spoken")
        if not self.ask_after_s:
            found.append("broker: ask_after_s was zero")
        return found

    def _of_alpaca(self) -> list[str]:
        found = []
        if len({bool(self.alpaca), bool(self.account), bool(self.key_file)}) > 1:
            found.append("broker: alpaca, account and key_file go together; give all three, or none for the paper broker")
        if (self.auth == "oauth") != bool(self.token_url):
            found.append("broker: token_url goes with auth 'oauth', and only with it")
        return found + [
            f"broker: {name} {wrong}" for name in ("alpaca", "token_url") if (wrong := _wrong_in(getattr(self, name)))
        ]


def _wrong_in(url: str) -> str:
    """What is wrong with an address to which a secret is sent; empty where nothing is."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "was no address; give one such as https://broker-api.alpaca.markets"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "held more than an address; key and secret belong into key_file"
    if not host or parts.scheme not in ("http", "https"):
        return f"was {url!a:.80}; give an address such as https://broker-api.alpaca.markets"
    if parts.scheme == "http" and host not in LOOPBACK:
        return f"was {url!a:.80}, where key and secret would go in the clear; give https"
    return ""
