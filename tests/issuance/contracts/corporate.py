"""Corporate actions on the stage: other stocks to look at, a stablecoin to be paid in, and a merger from one to the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.issuance.contracts.dividend import stablecoin
from tests.issuance.contracts.stage import Reverted, Stage, account, reverts

from openscrip.issuance.chains.evm.deployment import ListedToken
from openscrip.issuance.chains.evm.typed_data import (
    ACTION_CANCEL,
    ACTION_FINISH,
    ACTION_OPENING,
    ACTIONS,
    CORPORATE_ACTION,
    FEED,
    MULTIPLIER_CHANGE,
    PRICE,
)
from openscrip.kernel.instrument import Instrument, InstrumentKind

DAY = 86_400
NOTICE, HORIZON = 600, 60 * DAY
UNKNOWN, ANNOUNCED, STAGED, APPLIED, FINAL, CANCELLED, CORRECTED = range(7)
GOOGL = Instrument("GOOGL", "Alphabet", "US02079K3059", "XNAS", "USD", InstrumentKind.EQUITY, "GOOGLx")
META = Instrument("META", "Meta", "US30303M1027", "XNAS", "USD", InstrumentKind.EQUITY, "METAx")
CA, ATTESTOR = "corporate_action", "attestor"
BOTH = (CA, ATTESTOR)
REASON, EVIDENCE = b"\1" * 32, b"\2" * 32
SPLIT = {"kind": b"SPLF", "ratio_new": 3, "ratio_old": 2}
REVERSE = {"kind": b"SPLR", "ratio_new": 2, "ratio_old": 7}
STOCK_DIVIDEND = {"kind": b"DVSE", "ratio_new": 21, "ratio_old": 20}
CASH_DIVIDEND = {"kind": b"DVCA", "ratio_new": 0, "ratio_old": 0, "cash": 1}
CASH = 12_340_000
"""What a delisting pays for one raw token: 12.34 of a stablecoin with six decimals."""
POT = 150 * CASH
"""What all 150 tokens of the stage are due."""


@contextmanager
def looking_at(stage: Stage, listed: ListedToken) -> Iterator[Stage]:
    """The stage with another token in the middle; its feeds count their reports from the start."""
    before = stage.token, stage.feed, stage.price_feed, stage.sequence, stage.price_sequence
    _turn(stage, listed.token, listed.feed, listed.price_feed)
    stage.sequence = stage.view("ReserveFeed", "sequence")
    stage.price_sequence = stage.view("PriceFeed", "sequence")
    try:
        yield stage
    finally:
        _turn(stage, *before[:3])
        stage.sequence, stage.price_sequence = before[3:]


def _turn(stage: Stage, token: str, feed: str, price_feed: str) -> None:
    stage.token, stage.feed, stage.price_feed = token, feed, price_feed
    stage.places |= {"StockToken": token, "ReserveFeed": feed, "PriceFeed": price_feed}
    stage.domains |= {FEED: feed, PRICE: price_feed}


def state_of(stage: Stage, action: bytes) -> int:
    """The state of an action, by its number."""
    return int(stage.view("CorporateActions", "state_of", action))


def window(stage: Stage, token: str = "") -> tuple[int, int, bool]:
    """From when and until when the price waits, and whether the token has ended."""
    found: tuple[int, int, bool] = stage.view("CorporateActions", "window", token or stage.token)
    return found


def answer(stage: Stage) -> int:
    """The price of the feed; both functions that answer it agree, also in what they refuse."""
    try:
        alone = int(stage.view("PriceFeed", "latestAnswer"))
    except Reverted as refusal:
        with reverts(str(refusal)):
            stage.view("PriceFeed", "latestRoundData")
        raise
    assert stage.view("PriceFeed", "latestRoundData")[1] == alone
    return alone


def balance(stage: Stage, token: str, name: str) -> int:
    """What an account holds of a token, raw."""
    return int(stage.view("StockToken", "balanceOf", account(name), to=token))


def give(stage: Stage, listed: ListedToken, name: str, raw: int) -> None:
    """Report shares of a token and mint some of it."""
    with looking_at(stage, listed):
        stage.report()
        stage.mint(stage.voucher(raw=raw, receiver=account(name)))


def deploy_coin(stage: Stage) -> str:
    """A stablecoin that anyone mints and that may be told to misbehave."""
    return str(stage.send_data("lister", None, stablecoin().creation())["contractAddress"])


def tell(stage: Stage, coin: str, function: str, *arguments: object, sender: str = "stranger") -> None:
    """Call a stablecoin."""
    stage.send_data(sender, coin, stablecoin().call(function, *(account(each) for each in arguments)))


def ask(stage: Stage, coin: str, function: str, *arguments: object) -> int:
    """What a stablecoin answers."""
    data = "0x" + stablecoin().call(function, *(account(each) for each in arguments)).hex()
    return int(stage.rpc.call("eth_call", {"to": coin, "data": data}, "latest"), 16)


def merger(stage: Stage, into: str, **changes: Any) -> dict[str, Any]:
    """A merger of the stage's token into another, one for two, that could be announced."""
    fields: dict[str, Any] = {"kind": b"MRGR", "ratio_new": 1, "ratio_old": 2, "into": into}
    return stage.action(**(fields | changes))


def delisting(stage: Stage, coin: str, **changes: Any) -> dict[str, Any]:
    """A delisting of the stage's token at 12.34 of a stablecoin that could be announced."""
    fields: dict[str, Any] = {"kind": b"DLST", "ratio_new": 0, "ratio_old": 0, "cash": CASH, "into": coin}
    return stage.action(**(fields | changes))


def dividend(stage: Stage, **changes: Any) -> dict[str, Any]:
    """A dividend of 0.25 USD a share that could be announced."""
    fields: dict[str, Any] = {"kind": b"DVCA", "ratio_new": 0, "ratio_old": 0, "cash": 250_000}
    return stage.action(**(fields | changes))


def change_by(stage: Stage, action: dict[str, Any], new: int, old: int, **changes: Any) -> dict[str, Any]:
    """The change that carries out an action by a ratio, in a day, without a wait of the price before it."""
    expected = stage.token_view("uiMultiplier")
    at = stage.now() + DAY
    rises = action["kind"] in (b"SPLF", b"SPLR", b"DVSE")
    fields: dict[str, Any] = {
        "token": stage.token, "expected": expected, "multiplier": expected * new // old, "effective_at": at,
        "epoch_after": stage.token_view("epoch") + rises, "action": action["id"], "ratio_new": new, "ratio_old": old,
        "paused_from": at,
    }  # fmt: skip
    return fields | changes


def open_now(stage: Stage, action: dict[str, Any], *, wait: bool = True) -> int:
    """Announce an action that ends a token, open it at the shortest notice, and wait; when it took effect."""
    stage.announce(action)
    at = stage.now() + NOTICE
    stage.open_conversion(action["id"], at)
    if wait:
        stage.pass_time(NOTICE)
    return at


def relay(stage: Stage, function: str, fields: dict[str, Any], signers: Any = BOTH, **domain: Any) -> dict[str, Any]:
    """One step, signed, perhaps in another domain."""
    kinds = {
        "announce": CORPORATE_ACTION, "stage": MULTIPLIER_CHANGE, "open_conversion": ACTION_OPENING,
        "cancel": ACTION_CANCEL, "finish": ACTION_FINISH,
    }  # fmt: skip
    values = tuple(fields.values())
    signatures = stage.twice(ACTIONS, kinds[function], values, signers, **domain)
    return stage.send("stranger", "CorporateActions", function, values, *signatures)


def put(stage: Stage, action: dict[str, Any], state: int) -> dict[str, Any]:
    """Bring a split or a merger into a state; its change if it has one."""
    change: dict[str, Any] = {}
    if state >= ANNOUNCED:
        stage.announce(action)
    if state in (STAGED, APPLIED, FINAL):
        if action["kind"] == b"MRGR":
            stage.open_conversion(action["id"], stage.now() + DAY)
        else:
            change = change_by(stage, action, action["ratio_new"], action["ratio_old"])
            stage.stage_change(change)
    if state in (APPLIED, FINAL):
        stage.pass_time(DAY)
    if state == FINAL:
        stage.finish(action["id"])
    if state == CANCELLED:
        stage.cancel(action["id"])
    if state == CORRECTED:
        stage.announce(stage.action(corrects=action["id"]))
    assert state_of(stage, action["id"]) == state
    return change


def scale(stage: Stage, token: str, new: int, old: int, *, wait: bool = True) -> None:
    """Split a token, effective in a day."""
    with looking_at(stage, ListedToken(token, stage.feed, stage.price_feed)):
        action = stage.action(kind=b"SPLF" if new > old else b"SPLR", ratio_new=new, ratio_old=old)
        stage.schedule(change_by(stage, action, new, old), BOTH, action)
        if wait:
            stage.pass_time(DAY)


def report_on(stage: Stage, listed: ListedToken, **changes: Any) -> None:
    """A new statement of a token's shares, of its epoch."""
    with looking_at(stage, listed):
        stage.report(**changes)


def convert(stage: Stage, holder: str, action: bytes, raw: int, token: str = "") -> dict[str, Any]:
    """Approve and convert as a holder."""
    stage.send(holder, "StockToken", "approve", stage.at.issuer, raw, to=token or stage.token)
    return stage.send(holder, "Conversion", "convert", action, raw)


def quote(stage: Stage, action: bytes, raw: int) -> int:
    """What would be minted now."""
    return int(stage.view("Conversion", "quote", action, raw)[1])


class WindDown:
    """The stage's token, delisted and in force, with a stablecoin of which the payer has plenty."""

    def __init__(self, stage: Stage, **facts: Any) -> None:
        self.stage = stage
        self.coin = deploy_coin(stage)
        tell(stage, self.coin, "mint", "payer", 10**60)
        tell(stage, self.coin, "approve", stage.at.conversion, 10**60, sender="payer")
        self.action = delisting(stage, self.coin, **facts)
        self.id = self.action["id"]
        open_now(stage, self.action)

    def fund(self, amount: int = POT) -> dict[str, Any]:
        return self.stage.send("payer", "Conversion", "fund", self.id, amount)

    def redeem(self, holder: str, raw: int) -> dict[str, Any]:
        self.stage.send(holder, "StockToken", "approve", self.stage.at.issuer, raw)
        return self.stage.send(holder, "Conversion", "redeem", self.id, raw)

    def return_remainder(self, receiver: str = "treasury", sender: str = "") -> dict[str, Any]:
        sender = sender or self.stage.at.timelock
        return self.stage.send(sender, "Conversion", "return_remainder", self.id, account(receiver))

    def pot(self) -> int:
        return int(self.stage.view("Conversion", "pot", self.id))

    def held(self, name: str) -> int:
        return ask(self.stage, self.coin, "balanceOf", name)

    def misbehave(self, fee: int = 0, surcharge: int = 0, *, lies: bool = False, silent: bool = False) -> None:
        tell(self.stage, self.coin, "behave", fee, surcharge, lies, silent)

    def again(self, target: str, data: bytes) -> None:
        """Let the stablecoin make a call of its own when it is next moved."""
        tell(self.stage, self.coin, "arm", target, data)

    def do(self, target: str, data: bytes) -> None:
        """Let the stablecoin make a call of its own now."""
        self.again(target, data)
        tell(self.stage, self.coin, "transfer", "stranger", 0)
        assert ask(self.stage, self.coin, "entered") == 1
