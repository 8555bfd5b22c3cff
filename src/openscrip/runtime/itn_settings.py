"""Settings of Alpaca's Instant Tokenization Network, or of a private counterpart that speaks as it does."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Itn:
    """Creation and redemption in kind for authorised participants; off while `url` is empty."""

    url: str = ""
    """The network's address for our calls, such as `https://broker-api.alpaca.markets`."""
    account: str = ""
    """The issuer's tokenisation account there."""
    custody_name: str = "ITN"
    """That account as the custodian knows it: the counterparty of free-of-payment transfers."""
    networks: str = "evm=ethereum, solana=solana"
    """Which of our chains are offered, and what the network calls each."""
    auth: Literal["basic", "apca", "oauth"] = "basic"
    """How our calls prove who we are; key and secret are the two lines of the file `credentials`."""
    token_url: str = ""
    """Where `oauth` gets its tokens."""
    client_field: Literal["client_external_account_id", "client_account_id"] = "client_external_account_id"
    """By which name participants are told, as agreed with the network."""
    door_auth: Literal["key", "signature"] = "key"
    """What the network's calls carry: one of the keys in the file `door-keys`, or a signature by one in `network-keys`."""
    door_url: str = ""
    """The public address of our door, which signed calls name; empty: as it listens."""
    allowed: str = "127.0.0.1"
    """Addresses and nets that may call, separated by commas."""
    port: int = 0
    """The door's port on 127.0.0.1; 0 takes a free one."""
    poll_limit_s: int = 3_600
    """After so long without an end a redemption waits for a person."""
    secrets: str = ""
    """The folder with the files named above; empty: `DATA/secrets/itn`."""

    def chains(self) -> dict[str, str]:
        """The network's name of each chain that is offered. Raises `ValueError` for what cannot be read."""
        pairs = [part.partition("=") for part in self.networks.split(",") if part.strip()]
        found = {chain.strip(): name.strip() for chain, _, name in pairs}
        if len(found) != len(pairs) or not all(found) or not all(found.values()) or len(set(found.values())) != len(found):
            raise ValueError(f"itn.networks was {self.networks!r}, not pairs such as 'evm=ethereum'")
        return found
