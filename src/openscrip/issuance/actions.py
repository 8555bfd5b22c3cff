"""What the books ask of a chain, each once for its key, and the answers."""

from dataclasses import dataclass

from openscrip.issuance.voucher import ActionCancel, ActionFinish, MintVoucher, MultiplierChange
from openscrip.kernel.quantities import RawAmount


@dataclass(frozen=True, slots=True)
class Mint:
    """Mint what the voucher says; `evidence` is canonical JSON, its hash stands in the voucher."""

    voucher: MintVoucher
    evidence: str


@dataclass(frozen=True, slots=True)
class Burn:
    """Burn what `holder` put into escrow for a redemption."""

    chain: str
    token: str
    request_id: str
    holder: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Refund:
    """Give escrowed tokens back to their holder."""

    chain: str
    token: str
    request_id: str
    holder: str
    raw: RawAmount


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedule a multiplier on one chain; `event` is canonical JSON of the corporate action."""

    change: MultiplierChange
    event: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Declare a corporate action final on one chain."""

    finish: ActionFinish


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take a corporate action back on one chain before it takes effect."""

    cancel: ActionCancel


@dataclass(frozen=True, slots=True)
class Report:
    """Bring the attestor's newest reserve report to one chain, so that it counts no more than its tokens need."""

    chain: str
    stock: str
    token: str


@dataclass(frozen=True, slots=True)
class Landed:
    """The call is final on its chain."""

    command: str
    tx_id: str
    block: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The attestor or the chain said no; nothing landed and nothing will."""

    command: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Read every chain and the custodian's statement and compare them with what the books expect."""

    stock: str
    multiplier: int
    version: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Verified:
    """Chains, statement and books agree."""


@dataclass(frozen=True, slots=True)
class Differs:
    """They do not agree yet; `text` says where."""

    text: str
