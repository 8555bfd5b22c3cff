"""Where the money of a venue lies: its treasuries, tokens, banks and second key, in `DATA/venue/wiring.json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from openscrip.bootstrap.places import write_json
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.solana.cosigned import SolanaAccount
from openscrip.kernel.quantities import ATOMS_PER_GRAIN
from openscrip.markets.funding import BANK_PLACE, Holding, Nature
from openscrip.runtime.keys import KeyKind, Keystore, MessageSigner

NAME = "wiring.json"
EVM, SOLANA = "evm", "solana"


@dataclass(frozen=True, slots=True)
class TreasuryWiring:
    """A chain's treasury, and the block from which its deposits are read; `tokens` and `coins` by asset."""

    address: str
    first: int = 0
    tokens: Mapping[str, str] = field(default_factory=dict)
    coins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VenueWiring:
    """All of it. `approver_keys` are public: an EVM address, a Solana key, an ed25519 key in hex."""

    approver: str
    approver_keys: Mapping[str, str]
    treasuries: Mapping[str, TreasuryWiring]
    banks: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Remember it."""
        write_json(folder / NAME, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "VenueWiring | None":
        """What was remembered; None where nothing was founded."""
        path = folder / NAME
        if not path.exists():
            return None
        told = json.loads(path.read_text(encoding="utf-8"))
        treasuries = {name: TreasuryWiring(**each) for name, each in told.pop("treasuries").items()}
        return cls(treasuries=treasuries, **told)

    def holdings(self) -> tuple[Holding, ...]:
        """What the venue accepts, and where."""
        found = [Holding(currency, BANK_PLACE, Nature.CASH) for currency in self.banks]
        for place, treasury in self.treasuries.items():
            of_coin = ATOMS_PER_GRAIN if place == SOLANA else 1
            for asset, token in treasury.tokens.items():
                found.append(Holding(asset, place, Nature.TOKEN, token, treasury.address, atoms_per_unit=ATOMS_PER_GRAIN))
            for asset, token in treasury.coins.items():
                found.append(Holding(asset, place, Nature.COIN, token, treasury.address, atoms_per_unit=of_coin))
        return tuple(found)


class VenueKeys:
    """The venue's own keys, made where they are missing: the treasurer's on each chain, and for its banks."""

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        keys = Keystore(folder / "keystore", passphrase)
        self.evm = EvmAccount(keys.ensure("treasurer-evm", KeyKind.SECP256K1))
        self.solana = SolanaAccount(keys.ensure("treasurer-solana", KeyKind.ED25519))
        self._bank = keys.ensure("treasurer-bank", KeyKind.ED25519)

    @property
    def bank(self) -> MessageSigner:
        """Signs payments."""
        return self._bank

    @property
    def bank_key(self) -> str:
        """Its public half in hex."""
        return self._bank.public_key.hex()
