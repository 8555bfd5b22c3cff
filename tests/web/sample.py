"""A June as it might be: a split and a dividend of one stock, a plain month of another, and nothing at all."""

from datetime import date

from openscrip.kernel.clock import instant
from openscrip.kernel.money import Money, PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares
from openscrip.web.reserve import (
    ActionLine,
    ChainSupply,
    CoverPoint,
    CustodyLine,
    Flow,
    Movements,
    ReserveReport,
    StockReserve,
)

AS_OF = instant("2024-06-28T20:30:00Z")
NOTHING = ReserveReport("Openscrip Paper Issuer", "2024-06", AS_OF, simulated=True)


def custody(available: str, epoch: int = 0, pending_delivery: str = "0") -> CustodyLine:
    return CustodyLine(
        custodian="Paper Custodian",
        account="SEG-1",
        available=Shares.parse(available),
        pending_receipt=Shares.whole(3),
        pending_delivery=Shares.parse(pending_delivery),
        blocked=Shares(0),
        pledged=Shares(0),
        epoch=epoch,
        as_of=AS_OF - 900,
        sequence=41,
        sha256="9f2c" * 16,
        signature="Wm9tYmll" * 10 + "dGhlQ2F0aQ==",
    )


def point(at: str, held: str, owed: str, comparable: bool = True) -> CoverPoint:
    return CoverPoint(instant(at), Shares.parse(held), Shares.parse(owed), comparable)


NVDA = StockReserve(
    symbol="NVDA",
    name="NVIDIA Corporation",
    token_symbol="NVDAx",
    isin="US67066G1040",
    multiplier=Multiplier.parse("10.000049321884371002", 2),
    chain_epoch=1,
    custody=(custody("1501", epoch=1, pending_delivery="10"),),
    supply=(
        ChainSupply("evm", "0x5FbDB2315678afecb367f032d93F642f64180aa3", RawAmount.parse("89.99999999")),
        ChainSupply("solana", "7Q2afV64in6N6SeZsAAB81TJzwDoD6zpqmHkzi9Dcavn", RawAmount.parse("59.5")),
    ),
    claims=Shares.parse("4.9999"),
    movements=Movements(
        minted=Flow(3, RawAmount.parse("150.49999999")),
        redeemed_in_kind=Flow(1, RawAmount.parse("1")),
        cash_paid=Money.parse("0"),
    ),
    actions=(
        ActionLine(
            "NVDA-SPLF-2024-06-10",
            "SPLF",
            date(2024, 6, 10),
            "final",
            ratio=(10, 1),
            effective_at=instant("2024-06-10T13:30:00Z"),
            before=Multiplier.one(),
            after=Multiplier.parse("10", 1),
        ),
        ActionLine(
            "NVDA-DVCA-2024-06-11",
            "DVCA",
            date(2024, 6, 11),
            "resumed",
            gross=PricePerShare.parse("0.01"),
            net=Money.parse("10.465"),
            pay_date=date(2024, 6, 28),
            effective_at=instant("2024-06-13T20:45:00Z"),
            before=Multiplier.parse("10", 1),
            after=Multiplier.parse("10.000049321884371002", 2),
        ),
    ),
    history=(
        point("2024-06-04T20:30:00Z", "50", "0"),
        point("2024-06-04T20:31:00Z", "50", "50"),
        point("2024-06-06T20:30:00Z", "150", "50"),
        point("2024-06-06T20:31:00Z", "150", "149.5"),
        point("2024-06-10T10:00:00Z", "1500", "149.5", comparable=False),
        point("2024-06-10T13:30:00Z", "1500", "1495"),
        point("2024-06-13T20:30:00Z", "1501", "1495"),
        point("2024-06-13T20:45:00Z", "1501", "1495.007373522"),
        point("2024-06-24T20:30:00Z", "1501", "1500.007273522"),
    ),
)

TSLA = StockReserve(
    symbol="TSLA",
    name="Tesla, Inc.",
    token_symbol="TSLAx",
    isin="US88160R1014",
    multiplier=Multiplier.one(),
    chain_epoch=0,
    custody=(custody("1234985", pending_delivery="12"),),
    supply=(
        ChainSupply("evm", "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0", RawAmount.parse("1234585")),
        ChainSupply("solana", "4fYNw3dojWmQ4dXtSGE9epjRGy9pFSx62YypT7avPYvA", RawAmount.parse("400")),
    ),
    movements=Movements(
        opening=RawAmount.parse("1000"),
        minted=Flow(12, RawAmount.parse("1234000")),
        redeemed_in_kind=Flow(1, RawAmount.parse("10")),
        redeemed_for_cash=Flow(1, RawAmount.parse("5")),
        cash_paid=Money.parse("1239.4125"),
    ),
    history=(
        point("2024-05-30T20:30:00Z", "1000", "1000"),
        point("2024-06-11T20:30:00Z", "701000", "1000"),
        point("2024-06-11T20:31:00Z", "701000", "601000"),
        point("2024-06-20T20:30:00Z", "1235000", "1234995"),
        point("2024-06-25T20:30:00Z", "1234985", "1234985"),
    ),
)

JUNE = ReserveReport("Openscrip Paper Issuer", "2024-06", AS_OF, simulated=True, stocks=(NVDA, TSLA))
