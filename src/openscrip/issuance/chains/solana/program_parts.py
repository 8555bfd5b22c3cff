"""What the stock program's instructions are made of, and where its accounts stand."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from solders.instruction import AccountMeta
from solders.pubkey import Pubkey

from openscrip.issuance.chains.solana.token_program import associated_account

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
RENT_SYSVAR = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
KEYS_MAX = 7
"""Most members of a role."""
NO_HASH = bytes(32)
ORIGIN_OF_ARRIVAL = 18
"""The kind of `used` account that marks where an arrival came from (16 + its mint kind)."""


class Tag(IntEnum):
    """The first byte of an instruction."""

    FOUND = 0
    OPEN = 1
    REPORT = 2
    MINT = 3
    VOID = 4
    ESCROW = 5
    DEPART = 6
    BURN = 7
    REFUND = 8
    PAUSE = 9
    FREEZE = 10
    LOWER_LIMITS = 11
    LOWER_LANE = 12
    ANNOUNCE = 13
    STAGE = 14
    CANCEL = 15
    FINISH = 16
    QUEUE = 17
    CALL_OFF = 18
    EXECUTE = 19
    END = 20


class RoleName(IntEnum):
    """Whose signatures an instruction may ask for."""

    ISSUER = 1
    ATTESTOR = 2
    CORPORATE_ACTION = 3


class Scope(IntEnum):
    """What a pause stops. Exits (redemptions, refunds) stay open under each."""

    TRANSFERS = 1
    PRIMARY = 2
    BRIDGE = 4


@dataclass(frozen=True, slots=True)
class Role:
    """`threshold` of `keys` must sign. The program asks for ascending keys and at most seven."""

    threshold: int
    keys: tuple[Pubkey, ...]

    @classmethod
    def of(cls, threshold: int, *keys: Pubkey) -> "Role":
        """A role with its keys in ascending order."""
        return cls(threshold, tuple(sorted(keys, key=bytes)))

    def __bytes__(self) -> bytes:
        return bytes([self.threshold, len(self.keys)]) + b"".join(map(bytes, self.keys))


@dataclass(frozen=True, slots=True)
class Operation:
    """What the timelock holds back: `data` is what is hashed and executed, `accounts` what its execution touches."""

    data: bytes
    accounts: tuple[AccountMeta, ...] = ()

    @property
    def hash(self) -> bytes:
        """The 32 bytes under which it is queued: SHA-256 of its data."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class ProgramAddresses:
    """The accounts of one deployment of the program, which serves one issuer."""

    program_id: Pubkey

    def address(self, *seeds: bytes) -> Pubkey:
        """The program's own account under these seeds."""
        return _address(self.program_id, seeds)

    def issuer(self) -> Pubkey:
        """Where signers, guardian and delay stand. It is also the authority that may upgrade the program."""
        return self.address(b"issuer")

    def stock(self, mint: Pubkey) -> Pubkey:
        """The account that commands a mint and owns its escrow."""
        return self.address(b"stock", bytes(mint))

    def escrow_account(self, mint: Pubkey) -> Pubkey:
        """The associated token account of the stock account: where open redemptions lie."""
        return associated_account(self.stock(mint), mint)

    def used(self, kind: int, hash_: bytes) -> Pubkey:
        """Exists once a hash was used: kind 0 a request, 1 to 4 evidence of that mint kind, 18 an arrival's origin."""
        return self.address(b"used", bytes([kind]), hash_)

    def redemption(self, holder: Pubkey, request: bytes) -> Pubkey:
        """What `holder` gave in under `request`: a redemption or a departure."""
        return self.address(b"redemption", bytes(holder), request)

    def action(self, action: bytes) -> Pubkey:
        """A corporate action by the hash of its id."""
        return self.address(b"action", action)

    def lane(self, mint: Pubkey, destination: bytes) -> Pubkey:
        """The lane over which a token departs to one chain."""
        return self.address(b"lane", bytes(mint), destination)

    def operation(self, data: bytes) -> Pubkey:
        """Where an operation waits, by its data."""
        return self.operation_of_hash(hashlib.sha256(data).digest())

    def operation_of_hash(self, hash_: bytes) -> Pubkey:
        """Where an operation waits, by its hash."""
        return self.address(b"operation", hash_)

    def program_data(self) -> Pubkey:
        """The upgradeable loader's account that holds the code and names who may replace it."""
        return Pubkey.find_program_address([bytes(self.program_id)], LOADER)[0]


@lru_cache(maxsize=1 << 16)
def _address(program_id: Pubkey, seeds: tuple[bytes, ...]) -> Pubkey:
    return Pubkey.find_program_address(list(seeds), program_id)[0]
