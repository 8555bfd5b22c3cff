"""Records and table lines that several messages share: parties, places, dates, balances, supplementary data."""

from dataclasses import dataclass

from openscrip.assets.iso20022.codes import SafekeepingPlaceType
from openscrip.assets.iso20022.profile import Fixed, Group, Leaf, Part, Told
from openscrip.assets.iso20022.values import (
    BALANCE,
    BIC,
    DATE,
    IDENTIFIER,
    ISIN,
    LEI,
    LONG_IDENTIFIER,
    MIC,
    NATURAL,
    code,
)
from openscrip.kernel.errors import refuse_unless


@dataclass(frozen=True, slots=True)
class ProprietaryId:
    """A name that only `issuer` gives out."""

    id: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Party:
    """Whoever is meant, by BIC or by a proprietary name, exactly one of them, with the LEI where it is known."""

    bic: str | None = None
    proprietary: ProprietaryId | None = None
    lei: str | None = None

    def __post_init__(self) -> None:
        one = (self.bic is None) != (self.proprietary is None)
        refuse_unless(one, "iso.party", "party: it was not named by exactly one of BIC and proprietary name")


@dataclass(frozen=True, slots=True)
class SettlementParties:
    """The other side of a settlement: its depository, the party there, and that party's account."""

    depository: str
    account: str
    bic: str | None = None
    proprietary: ProprietaryId | None = None
    lei: str | None = None

    def __post_init__(self) -> None:
        one = (self.bic is None) != (self.proprietary is None)
        refuse_unless(one, "iso.party", "party: it was not named by exactly one of BIC and proprietary name")


@dataclass(frozen=True, slots=True)
class SafekeepingPlace:
    """The depository or custodian, by BIC, that keeps the securities."""

    type: SafekeepingPlaceType
    bic: str


def _proprietary(path: str) -> Group:
    return Group(path, "proprietary", ProprietaryId, (Leaf("Id", "id", IDENTIFIER), Leaf("Issr", "issuer", IDENTIFIER)))


PARTY: tuple[Part, ...] = (Leaf("Id/AnyBIC", "bic", BIC), _proprietary("Id/PrtryId"), Leaf("LEI", "lei", LEI))


def settlement_parties(path: str, name: str) -> Group:
    """The delivering or receiving parties."""
    return Group(
        path,
        name,
        SettlementParties,
        (
            Leaf("Dpstry/Id/AnyBIC", "depository", BIC),
            Leaf("Pty1/Id/AnyBIC", "bic", BIC),
            _proprietary("Pty1/Id/PrtryId"),
            Leaf("Pty1/LEI", "lei", LEI),
            Leaf("Pty1/SfkpgAcct/Id", "account", IDENTIFIER),
            Told("Pty1/SfkpgAcct/Nm"),
        ),
    )


def security(path: str = "FinInstrmId", name: str = "isin") -> tuple[Part, ...]:
    """An instrument by its ISIN; a description may stand beside it."""
    return (Leaf(f"{path}/ISIN", name, ISIN), Told(f"{path}/Desc"))


LISTED = Leaf("FinInstrmAttrbts/PlcOfListg/MktIdrCd", "listed_at", MIC)
PLACE = (
    Leaf("SfkpgPlcFrmt/TpAndId/SfkpgPlcTp", "type", code(SafekeepingPlaceType)),
    Leaf("SfkpgPlcFrmt/TpAndId/Id", "bic", BIC),
)
OWN_NAMES = (
    Leaf("SplmtryData/Envlp/os:Cstdy/os:TxId", "own_id", LONG_IDENTIFIER),
    Leaf("SplmtryData/Envlp/os:Cstdy/os:Ref", "own_reference", LONG_IDENTIFIER),
)
"""The account owner's names in full where they are longer than the 35 characters of the standard."""
OWN_PARTY = Leaf("SplmtryData/Envlp/os:Cstdy/os:Pty", "own_counterparty", LONG_IDENTIFIER)
"""The other side's account in full, likewise."""
EPOCH = Leaf("SplmtryData/Envlp/os:Cstdy/os:Epch", "epoch", NATURAL)
"""The corporate-action epoch: how many events so far changed what one share is."""


def day(path: str, name: str) -> Leaf:
    """A date where the standard also allows an instant."""
    return Leaf(f"{path}/Dt/Dt", name, DATE)


def account(path: str) -> tuple[Part, ...]:
    """The safekeeping account; its name may stand beside it."""
    return (Leaf(f"{path}/Id", "account", IDENTIFIER), Told(f"{path}/Nm"))


def eligible(path: str) -> tuple[Part, ...]:
    """The balance that an event pays on, always a long one."""
    balance = f"{path}/TtlElgblBal/Bal/QtyChc/SgndQty"
    return (Fixed(f"{balance}/ShrtLngPos", "LONG", beside="eligible"), Leaf(f"{balance}/Qty/Unit", "eligible", BALANCE))
