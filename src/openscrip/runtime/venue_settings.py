"""Settings of the venue: who it is, what it trades against what and when, what a trade costs, where its doors are."""

from dataclasses import dataclass
from typing import Literal

from openscrip.kernel.money import Bps

CURRENCIES = ("USD", "EUR")


@dataclass(frozen=True, slots=True)
class VenueLine:
    """The venue that `openscrip up` runs beside the issuer, and `openscrip venue` alone."""

    up: Literal["on", "off"] = "on"
    """Whether `openscrip up` and the demo run it."""
    name: str = "Openscrip paper venue"
    """The name that it publishes under."""
    currencies: str = "USD"
    """Currencies that stocks trade against, each with a bank account of its own: `USD`, or `USD,EUR`."""
    hours: Literal["24x7", "24x5", "XNYS"] = "24x5"
    """When its pairs trade: always, from Sunday to Friday evening in New York, or in the exchange's sessions."""
    taker_bps: Bps = Bps(10)
    maker_bps: Bps = Bps(0)
    rest_port: int = 0
    """Doors on 127.0.0.1; 0 takes a free port."""
    public_port: int = 0
    private_port: int = 0
    sync: Literal["on", "off"] = "on"
    """Whether an order is on the disk before it is acknowledged. Without, what the machine's end takes is lost."""
    address_delay_s: int = 86_400
    """A new withdrawal address may be used after so many seconds of market time."""

    @property
    def named_currencies(self) -> tuple[str, ...]:
        """The currencies, in the order given."""
        return tuple(dict.fromkeys(name.strip() for name in self.currencies.split(",") if name.strip()))

    def problems(self) -> list[str]:
        """What is wrong, each as a sentence that names the setting."""
        found = [f"venue: currency {name!r:.20} was not known" for name in self.named_currencies if name not in CURRENCIES]
        if not self.named_currencies:
            found.append("venue: no currency was named")
        if self.taker_bps >= Bps(10_000) or self.maker_bps > self.taker_bps:
            found.append("venue: taker_bps was 100 % or more, or below maker_bps")
        ports = [port for port in (self.rest_port, self.public_port, self.private_port) if port]
        if len(ports) != len(set(ports)) or any(port > 65_535 for port in ports):
            found.append("venue: a port was named twice, or was none")
        return found
