"""A stock token on an EVM chain. Every answer is read in the state of one block, named by its hash."""

from typing import Any

from eth_abi.exceptions import DecodingError

from openscrip.client.readings import Action, ActionState, MultiplierReading, Price, PricePerRaw, Reserve, Session, date_of
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.money import PricePerShare
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares

_NOBODY = "0x" + "00" * 20


class _Block:
    """Views in the state of the newest block. What a reorganisation undoes meanwhile is `Unavailable`, never mixed."""

    def __init__(self, rpc: JsonRpc, chain_id: int) -> None:
        try:
            head = rpc.call("eth_getBlockByNumber", "latest", False)
        except RpcError as error:
            raise Unavailable(f"client: {rpc.url} gave no block: {error.message}") from error
        self.number, self.at = int(head["number"], 16), int(head["timestamp"], 16)
        self._rpc, self._state = rpc, {"blockHash": head["hash"]}
        self._node = Node(rpc, chain_id, Fees())

    def read(self, contract: str, at: str, function: str, *arguments: object) -> Any:
        call = {"to": at, "data": "0x" + own(contract).call(function, *arguments).hex()}
        try:
            answer = self._rpc.call("eth_call", call, self._state)
        except RpcError as error:
            raise self._node.refused(error) from error
        if answer == "0x":
            raise Refused("contract.missing", f"client: no {contract} was found at {at}; check the address")
        values = own(contract).result(function, bytes.fromhex(answer[2:]))
        return values[0] if len(values) == 1 else values


class EvmToken:
    """A stock token; make one with `evm_token`."""

    decimals = 18

    def __init__(self, rpc: JsonRpc, chain_id: int, token: str) -> None:
        self._rpc, self.chain_id, self.address = rpc, chain_id, token
        block = self._block()
        try:
            self.name, self.symbol, self.isin = (
                str(block.read("StockToken", token, view)) for view in ("name", "symbol", "isin")
            )
            block.read("StockToken", token, "standing")
        except (Refused, DecodingError) as error:
            if isinstance(error, Refused) and error.code == "contract.missing":
                raise
            raise Refused("token.foreign", f"client: {token} was not a stock token of Openscrip; check the address") from error

    def balance(self, holder: str) -> RawAmount:
        """What `holder` has, raw."""
        return RawAmount(self._token("balanceOf", address(holder, "holder")))

    def supply(self) -> RawAmount:
        """All there is on this chain, raw."""
        return RawAmount(self._token("totalSupply"))

    def paused(self) -> bool:
        """Whether transfers are stopped."""
        return bool(self._token("paused"))

    def frozen(self, holder: str) -> bool:
        """Whether `holder` may neither give nor take."""
        return bool(self._token("isFrozen", address(holder, "holder")))

    def can_transfer(self, sender: str, receiver: str, raw: RawAmount) -> tuple[bool, str]:
        """Whether a transfer would pass, and the contract's words if not."""
        code, words = self._token("canTransfer", address(sender, "sender"), address(receiver, "receiver"), raw.atoms)
        return code == 0, words

    def multiplier(self) -> MultiplierReading:
        """The multiplier in force and the pending one."""
        block = self._block()
        _, now, new, at, epoch, new_epoch, version = block.read("StockToken", self.address, "standing")
        current = Multiplier(now, version)
        if at <= block.at:
            return MultiplierReading(current, None, None, version, epoch, None, block.number)
        return MultiplierReading(current, Multiplier(new, version + 1), at, version, epoch, new_epoch, block.number)

    def multiplier_at(self, time: int) -> Multiplier:
        """The multiplier that is, was or is going to be in force at `time` (UTC seconds); the contract tells no version."""
        return Multiplier(self._token("multiplierAt", time))

    def reserve(self) -> Reserve:
        """The last report of the token's reserve feed. Raises `Refused("feed.nothing_was_reported")`."""
        block = self._block()
        issuer = block.read("StockToken", self.address, "issuer")
        feed = block.read("Issuer", issuer, "feed_of", self.address)
        held, allocation, epoch, as_of, _, fresh, encumbered, transit = block.read("ReserveFeed", feed, "reserve")
        return Reserve(Shares(held), Shares(encumbered), Shares(transit), Shares(allocation), epoch, as_of, fresh, block.number)

    def price(self) -> Price:
        """The price of one raw token. Raises `Refused` with the feed's words while it gives no answer."""
        block = self._block()
        feed = block.read("Registry", block.read("StockToken", self.address, "registry"), "stock", self.isin)[4]
        block.read("PriceFeed", feed, "latestRoundData")
        price, session, _, _, _, _, version, observed_at, _ = block.read("PriceFeed", feed, "latest_price")
        return Price(PricePerRaw(price), Session(session), version, observed_at, block.number)

    def actions(self) -> tuple[Action, ...]:
        """Every corporate action registered for the token, oldest first."""
        block = self._block()
        register = block.read("StockToken", self.address, "actions")
        count = block.read("CorporateActions", register, "action_count", self.address)
        keys = [block.read("CorporateActions", register, "action_at", self.address, number) for number in range(count)]
        return tuple(_action(block, register, key) for key in keys)

    def close(self) -> None:
        """Close the connection."""
        self._rpc.close()

    def _block(self) -> _Block:
        return _Block(self._rpc, self.chain_id)

    def _token(self, function: str, *arguments: object) -> Any:
        return self._block().read("StockToken", self.address, function, *arguments)


def _action(block: _Block, register: str, key: bytes) -> Action:
    _, _, kind, ex, record, pay, new, old, cash, into, sources, corrects = block.read(
        "CorporateActions", register, "action", key
    )
    state = ActionState(block.read("CorporateActions", register, "state_of", key))
    at = int(block.read("CorporateActions", register, "effective_at", key))
    change = block.read("CorporateActions", register, "change_of", key)
    return Action(
        key.hex(), kind.decode(), state, date_of(ex), date_of(record), date_of(pay), new, old, PricePerShare(cash),
        "" if into == _NOBODY else str(into), sources.hex(), corrects.hex() if any(corrects) else "",
        Multiplier(change[2]) if change[2] else None, at or None, block.number,
    )  # fmt: skip


def evm_token(url: str, token: str, chain_id: int | None = None) -> EvmToken:
    """The token at an address of the chain behind `url`.

    Raises `Refused("contract.missing")`, `Refused("token.foreign")`, `Refused("chain.wrong")` if `chain_id` is given and
    another, `Malformed` for what is no address, and `Unavailable` if the node does not answer.
    """
    checked, rpc = address(token, "token"), JsonRpc(url)
    try:
        found = int(rpc.call("eth_chainId"), 16)
        if chain_id not in (None, found):
            raise Refused("chain.wrong", f"client: {url} served chain {found}, expected {chain_id}; check the address")
        return EvmToken(rpc, found, checked)
    except RpcError as error:
        rpc.close()
        raise Unavailable(f"client: {url} did not say its chain: {error.message}") from error
    except BaseException:
        rpc.close()
        raise
