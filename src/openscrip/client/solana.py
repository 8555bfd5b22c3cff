"""A stock token on Solana. Every answer is read at one slot.

The multiplier is the one that the stock program keeps, exact to 1e-18. The mint shows the nearest double not above it to
wallets; where it shows anything else, nothing is converted.
"""

import base64
from dataclasses import dataclass
from typing import Any

from solders.pubkey import Pubkey

from openscrip.client.readings import Action, ActionState, MultiplierReading, Reserve, date_of
from openscrip.issuance.chains.solana.accounts import MintAccount, TokenAccount, decode_mint, decode_token_account
from openscrip.issuance.chains.solana.cluster import CLOCK_SYSVAR, Cluster, read_clock
from openscrip.issuance.chains.solana.program import Program
from openscrip.issuance.chains.solana.program_accounts import ActionAccount, StockAccount
from openscrip.issuance.rpc import RpcError
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

_FINAL = {"commitment": "finalized", "encoding": "base64"}
_ACTION_TAG, _ACTION_MINT_AT, _ACTION_SPACE = b"\5", 8, 320


@dataclass(frozen=True, slots=True)
class _Slot:
    """Mint and program account at one slot, and the cluster's clock there."""

    mint: MintAccount
    stock: StockAccount
    number: int
    at: int


class SolanaToken:
    """A stock token; make one with `solana_token`."""

    def __init__(self, cluster: Cluster, mint: Pubkey, program: Pubkey | None) -> None:
        self._cluster, self._key, self.address = cluster, mint, str(mint)
        account = _mint(self._accounts(mint)[0], mint)
        foreign = Refused("token.foreign", f"client: {mint} was not a stock token of Openscrip; check the address")
        try:
            self.isin = account.metadata.field("isin")
            _ = account.scaled
            self._program = Program(self._owner(account.mint_authority))
        except (Malformed, KeyError) as error:
            raise foreign from error
        if account.mint_authority != self._program.stock(mint) or program not in (None, self._program.program_id):
            raise foreign
        self.name, self.symbol, self.decimals = account.metadata.name, account.metadata.symbol, account.decimals

    @property
    def program(self) -> str:
        """The program that commands the mint. Whoever knows it beforehand gives it to `solana_token`."""
        return str(self._program.program_id)

    def balance(self, holder: str) -> RawAmount:
        """What `holder` has in all its accounts of this mint, raw."""
        return RawAmount.from_grains(sum(account.amount for account in self._held(holder)))

    def supply(self) -> RawAmount:
        """All there is on this chain, raw."""
        return RawAmount.from_grains(self._slot().mint.supply)

    def paused(self) -> bool:
        """Whether transfers are stopped."""
        return self._slot().mint.paused

    def frozen(self, holder: str) -> bool:
        """Whether an account of `holder` may neither give nor take."""
        return any(account.frozen for account in self._held(holder))

    def multiplier(self) -> MultiplierReading:
        """The multiplier in force and the pending one. Raises `Refused("multiplier.drifted")`."""
        slot = self._slot()
        stock, now = slot.stock, slot.at
        _refuse_drifted(slot)
        version, epoch = stock.version_at(now), stock.epoch_at(now)
        current = Multiplier(stock.multiplier_at(now), version)
        if not stock.next_at or stock.matured(now):
            return MultiplierReading(current, None, None, version, epoch, None, slot.number)
        pending = Multiplier(stock.next_multiplier, version + 1)
        return MultiplierReading(current, pending, stock.next_at, version, epoch, stock.next_epoch, slot.number)

    def multiplier_at(self, time: int) -> Multiplier:
        """The multiplier that is, was or is going to be in force at `time` (UTC seconds), by the actions that were staged.

        They tell no version.
        """
        stands = (ActionState.STAGED, ActionState.APPLIED, ActionState.FINAL)
        changes = sorted(
            (account.effective_at, account.multiplier, account.expected)
            for account, state in self._registered(self._slot())
            if state in stands and account.multiplier
        )
        before = [value for at, value, _ in changes if at <= time]
        if before:
            return Multiplier(before[-1])
        return Multiplier(changes[0][2] if changes else self._slot().stock.base_multiplier)

    def reserve(self) -> Reserve:
        """The last report. Raises `Refused("feed.nothing_was_reported")`."""
        slot = self._slot()
        stock = slot.stock
        if not stock.sequence:
            raise Refused("feed.nothing_was_reported", "feed: nothing was reported")
        return Reserve(
            Shares(stock.shares), Shares(stock.encumbered), Shares(stock.in_transit), Shares(stock.allocation),
            stock.reserve_epoch, stock.as_of, slot.at <= stock.as_of + stock.age_s_max, slot.number,
        )  # fmt: skip

    def actions(self) -> tuple[Action, ...]:
        """Every corporate action registered for the token, by its ex-date."""
        slot = self._slot()
        found = [_action(account, state, slot.number) for account, state in self._registered(slot)]
        return tuple(sorted(found, key=lambda action: (str(action.ex_date), action.id)))

    def close(self) -> None:
        """Close the connection."""
        self._cluster.close()

    def _slot(self) -> _Slot:
        clock, mint, stock = self._accounts(CLOCK_SYSVAR, self._key, self._program.stock(self._key))
        if clock is None or stock is None:
            raise Unavailable("client: the node gave no clock or no program account; try another node")
        return _Slot(_mint(mint, self._key), StockAccount.read(stock), *read_clock(clock))

    def _accounts(self, *keys: Pubkey) -> list[bytes | None]:
        return self._cluster.accounts(keys)

    def _owner(self, account: Pubkey | None) -> Pubkey:
        """The program that owns an account. Raises `Malformed` where there is none."""
        found = self._call("getAccountInfo", str(account), _FINAL)["value"] if account else None
        if found is None:
            raise Malformed("solana.account", "mint: nobody may mint")
        return Pubkey.from_string(found["owner"])

    def _held(self, holder: str) -> list[TokenAccount]:
        """The accounts that `holder` owns of this mint."""
        answer = self._call("getTokenAccountsByOwner", str(_key(holder, "holder")), {"mint": self.address}, _FINAL)
        return [decode_token_account(base64.b64decode(one["account"]["data"][0])) for one in answer["value"]]

    def _registered(self, slot: _Slot) -> list[tuple[ActionAccount, ActionState]]:
        """The actions that the program registered for this mint, with their states at the cluster's clock."""
        mine = {"memcmp": {"offset": _ACTION_MINT_AT, "bytes": self.address}}
        wanted = {**_FINAL, "filters": [{"dataSize": _ACTION_SPACE}, mine]}
        found = self._call("getProgramAccounts", self.program, wanted)
        accounts = [base64.b64decode(one["account"]["data"][0]) for one in found]
        read = [ActionAccount.read(data) for data in accounts if data[:1] == _ACTION_TAG]
        return [(account, _state(account, slot.at)) for account in read]

    def _call(self, method: str, *params: object) -> Any:
        try:
            return self._cluster.rpc.call(method, *params)
        except RpcError as error:
            raise Unavailable(f"client: {method} was answered with {error.message}") from error


def solana_token(url: str, mint: str, program: str | None = None) -> SolanaToken:
    """The token of a mint. Raises `Refused("token.missing")`, `Refused("token.foreign")`, `Malformed` for what is no mint or
    address, and `Unavailable`.

    Warning: without `program` any program is believed that keeps its accounts as ours does.
    """
    key, wanted, cluster = _key(mint, "mint"), _key(program, "program") if program else None, Cluster(url)
    try:
        return SolanaToken(cluster, key, wanted)
    except BaseException:
        cluster.close()
        raise


def _mint(data: bytes | None, key: Pubkey) -> MintAccount:
    if data is None:
        raise Refused("token.missing", f"client: no mint was found at {key}; check the address")
    return decode_mint(data)


def _refuse_drifted(slot: _Slot) -> None:
    """The mint shows wallets the double that the program wrote."""
    shown = int.from_bytes(slot.mint.scaled.in_force(slot.at), "little")
    if shown != slot.stock.f64_at(slot.at):
        raise Refused("multiplier.drifted", "client: the mint showed another multiplier than its program; convert nothing")


def _state(account: ActionAccount, now: int) -> ActionState:
    """A staged change applies from its time on, without a transaction."""
    state = ActionState(account.state)
    applied = state is ActionState.STAGED and account.effective_at <= now
    return ActionState.APPLIED if applied else state


def _action(account: ActionAccount, state: ActionState, slot: int) -> Action:
    staged = account.multiplier != 0
    return Action(
        account.action.hex(), account.kind.decode(), state, date_of(account.ex_date), date_of(account.record_date),
        date_of(account.pay_date), account.ratio_new, account.ratio_old, PricePerShare(account.cash),
        str(Pubkey(account.into)) if any(account.into) else "", account.sources.hex(),
        account.corrects.hex() if any(account.corrects) else "", Multiplier(account.multiplier) if staged else None,
        account.effective_at if staged else None, slot,
    )  # fmt: skip


def _key(text: str, what: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise Malformed("solana.address", f"{what}: {text[:100]!r} was not a Solana address") from None
