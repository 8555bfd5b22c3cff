"""Holdings: the statement of an account (semt.002), and movements between its sub-balances (semt.013, semt.015)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from openscrip.assets.iso20022.codes import Basis, Frequency, PositionType, SubBalanceType, Update
from openscrip.assets.iso20022.profile import Fixed, Group, Leaf, Part
from openscrip.assets.iso20022.shared import EPOCH, LISTED, PARTY, PLACE, Party, SafekeepingPlace, account, security
from openscrip.assets.iso20022.values import (
    BALANCE,
    BOOLEAN,
    DATE,
    HASH,
    IDENTIFIER,
    INSTANT,
    NATURAL,
    PAGE,
    QUANTITY,
    code,
)
from openscrip.kernel.errors import refuse_unless
from openscrip.kernel.quantities import Shares

LINES_MAX = 500
"""Lines on one page; a longer statement has more pages."""
OUTSIDE_AGGREGATE = frozenset((SubBalanceType.PENDING_DELIVERY, SubBalanceType.PENDING_RECEIPT))
"""What is on its way in lies outside the aggregate; what is on its way out is told beside, and still among the available."""


@dataclass(frozen=True, slots=True)
class SubBalance:
    """So many shares of a line are of this type."""

    type: SubBalanceType
    quantity: Shares


@dataclass(frozen=True, slots=True)
class Chain:
    """What ties a line to the account's history: see `openscrip.assets.custody.Statement`."""

    sequence: int
    movement_seq: int
    movements_hash: str
    previous_hash: str


@dataclass(frozen=True, slots=True)
class Holding:
    """One line of the account, in shares of `epoch`.

    Identity: available + every sub-balance inside the aggregate = aggregate. `not_available` is what it says if it is told.
    """

    isin: str
    aggregate: Shares
    available: Shares
    sub_balances: tuple[SubBalance, ...] = ()
    not_available: Shares | None = None
    listed_at: str | None = None
    place: SafekeepingPlace | None = None
    epoch: int | None = None
    chain: Chain | None = None

    def __post_init__(self) -> None:
        types = [each.type for each in self.sub_balances]
        refuse_unless(len(types) == len(set(types)), "iso.statement.twice", f"holding: {self.isin} had a sub-balance twice")
        inside = sum(each.quantity.atoms for each in self.sub_balances if each.type not in OUTSIDE_AGGREGATE)
        whole = self.available.atoms + inside
        refuse_unless(
            whole == self.aggregate.atoms,
            "iso.statement.identity",
            f"holding: {self.isin} had an aggregate of {self.aggregate} and parts of {Shares(whole)}",
        )
        told = self.not_available is None or self.not_available.atoms == inside
        text = f"holding: {self.isin} had {self.not_available} not available and parts of {Shares(inside)}"
        refuse_unless(told, "iso.statement.identity", text)
        known = self.chain is None or self.epoch is not None
        refuse_unless(known, "iso.statement.chain", f"holding: {self.isin} had a chain without an epoch")

    def of(self, *types: SubBalanceType) -> Shares:
        """The sum of these sub-balances."""
        return Shares(sum(each.quantity.atoms for each in self.sub_balances if each.type in types))


@dataclass(frozen=True, slots=True)
class StatementPage:
    """One page of a statement of holdings (semt.002.001.11). `assemble` makes a statement of all its pages."""

    page: int
    last_page: bool
    id: str
    as_of: int
    frequency: Frequency
    update: Update
    basis: Basis
    activity: bool
    account: str
    servicer: Party | None = None
    holdings: tuple[Holding, ...] = ()

    def __post_init__(self) -> None:
        lines = [each.isin for each in self.holdings]
        refuse_unless(len(lines) == len(set(lines)), "iso.statement.twice", f"statement: {self.id} had a line twice")
        text = f"statement: {self.id} said activity {self.activity} with {len(lines)} lines"
        refuse_unless(self.activity == bool(lines), "iso.statement.activity", text)


STATEMENT: tuple[Part, ...] = (
    Leaf("Pgntn/PgNb", "page", PAGE),
    Leaf("Pgntn/LastPgInd", "last_page", BOOLEAN),
    Leaf("StmtGnlDtls/StmtId", "id", IDENTIFIER),
    Leaf("StmtGnlDtls/StmtDtTm/DtTm", "as_of", INSTANT),
    Leaf("StmtGnlDtls/Frqcy/Cd", "frequency", code(Frequency)),
    Leaf("StmtGnlDtls/UpdTp/Cd", "update", code(Update)),
    Leaf("StmtGnlDtls/StmtBsis/Cd", "basis", code(Basis)),
    Leaf("StmtGnlDtls/ActvtyInd", "activity", BOOLEAN),
    Fixed("StmtGnlDtls/SubAcctInd", "false"),
    Group("AcctSvcr", "servicer", Party, PARTY),
    *account("SfkpgAcct"),
    Group(
        "BalForAcct",
        "holdings",
        Holding,
        (
            *security(),
            LISTED,
            Fixed("AggtBal/ShrtLngInd", "LONG"),
            Leaf("AggtBal/Qty/Qty/Qty/Unit", "aggregate", BALANCE),
            Fixed("AvlblBal/ShrtLngInd", "LONG"),
            Leaf("AvlblBal/Qty/Qty/Unit", "available", BALANCE),
            Leaf("NotAvlblBal/Qty/Unit", "not_available", BALANCE),
            Group("SfkpgPlc", "place", SafekeepingPlace, PLACE),
            Group(
                "BalBrkdwn",
                "sub_balances",
                SubBalance,
                (
                    Leaf("SubBalTp/Cd", "type", code(SubBalanceType)),
                    Fixed("Qty/ShrtLngInd", "LONG"),
                    Leaf("Qty/Qty/Qty/Unit", "quantity", BALANCE),
                ),
                many=len(SubBalanceType),
            ),
            EPOCH,
            Group(
                "SplmtryData/Envlp/os:Cstdy/os:Chain",
                "chain",
                Chain,
                (
                    Leaf("StmtNb", "sequence", NATURAL),
                    Leaf("MvmntNb", "movement_seq", NATURAL),
                    Leaf("MvmntsHash", "movements_hash", HASH),
                    Leaf("PrvsStmtHash", "previous_hash", HASH),
                ),
            ),
        ),
        many=LINES_MAX,
    ),
)


@dataclass(frozen=True, slots=True)
class HoldingsStatement:
    """A complete statement on the settled basis: the only kind that reserves are counted on."""

    id: str
    as_of: int
    account: str
    servicer: Party | None
    holdings: tuple[Holding, ...]


def assemble(pages: Sequence[StatementPage]) -> HoldingsStatement:
    """The statement that all its pages make, in order. Raises `Refused("iso.statement.…")`.

    A delta is informational, and what is not settled is not held: both are refused, as is a set with a page missing.
    """
    refuse_unless(len(pages) > 0, "iso.statement.pages", "statement: there was no page")
    first = pages[0]
    numbered = [each.page for each in pages] == list(range(1, len(pages) + 1))
    ended = [each.last_page for each in pages] == [False] * (len(pages) - 1) + [True]
    text = f"statement: {first.id} had a page missing, twice, or out of order"
    refuse_unless(numbered and ended, "iso.statement.pages", text)
    heads = {(each.id, each.as_of, each.account, each.servicer, each.update, each.basis) for each in pages}
    refuse_unless(len(heads) == 1, "iso.statement.pages", f"statement: {first.id} had pages of more than one statement")
    complete, settled = first.update is Update.COMPLETE, first.basis is Basis.SETTLED
    refuse_unless(complete, "iso.statement.update", f"statement: {first.id} told only what changed")
    refuse_unless(settled, "iso.statement.basis", f"statement: {first.id} was not on the settled basis")
    holdings = tuple(line for page in pages for line in page.holdings)
    unique = len({each.isin for each in holdings}) == len(holdings)
    refuse_unless(unique, "iso.statement.twice", f"statement: {first.id} had a line twice")
    return HoldingsStatement(first.id, first.as_of, first.account, first.servicer, holdings)


@dataclass(frozen=True, slots=True)
class IntraPositionMovement:
    """Move `quantity` between two sub-balances of one line (semt.013.001.06)."""

    id: str
    account: str
    isin: str
    quantity: Shares
    settles_on: date
    source: PositionType
    target: PositionType

    def __post_init__(self) -> None:
        refuse_unless(self.source is not self.target, "iso.position.same", f"movement: {self.source} was source and target")


INTRA_POSITION: tuple[Part, ...] = (
    Leaf("TxId", "id", IDENTIFIER),
    *account("SfkpgAcct"),
    *security(),
    Leaf("IntraPosDtls/SttlmQty/Unit", "quantity", QUANTITY),
    Leaf("IntraPosDtls/SttlmDt/Dt", "settles_on", DATE),
    Leaf("IntraPosDtls/BalFr/Tp/Cd", "source", code(PositionType)),
    Leaf("IntraPosDtls/BalTo/Tp/Cd", "target", code(PositionType)),
)


@dataclass(frozen=True, slots=True)
class IntraPositionConfirmation:
    """`quantity` moved between two sub-balances of one line (semt.015.001.09). `id` is that of the instruction."""

    id: str
    servicer_id: str
    account: str
    isin: str
    quantity: Shares
    settled_on: date
    source: PositionType
    target: PositionType
    epoch: int | None = None

    def __post_init__(self) -> None:
        refuse_unless(self.source is not self.target, "iso.position.same", f"movement: {self.source} was source and target")


INTRA_POSITION_CONFIRMATION: tuple[Part, ...] = (
    Leaf("AddtlParams/AcctOwnrTxId", "id", IDENTIFIER),
    Leaf("AddtlParams/AcctSvcrTxId", "servicer_id", IDENTIFIER),
    *account("SfkpgAcct"),
    *security(),
    Leaf("IntraPosDtls/SttldQty/Unit", "quantity", QUANTITY),
    Leaf("IntraPosDtls/SttlmDt/Dt", "settled_on", DATE),
    Leaf("IntraPosDtls/BalFr/Tp/Cd", "source", code(PositionType)),
    Leaf("IntraPosDtls/BalTo/Tp/Cd", "target", code(PositionType)),
    EPOCH,
)
