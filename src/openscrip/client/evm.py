"""A stock token on an EVM chain. Every answer is read at one block."""

from typing import Any

from eth_abi.exceptions import DecodingError

from openscrip.client.readings import Action, MultiplierReading, Price, Reserve
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.rpc import JsonRpc, RpcError
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount, Shares


class _Block:
    """Views in the state of one block."""

    def __init__(self, rpc: JsonRpc, chain_id: int) -> None:
        try:
            head = rpc.call("eth_getBlockByNumber", "latest", False)
        except RpcError as error:
            raise Unavailable(f"client: {rpc.url} gave no block: {error.message}") from error
        self.number, self.at = int(head["number"], 16), int(head["timestamp"], 16)
        self._node = Node(rpc, chain_id, Fees(), head["number"])

    def read(self, contract: str, at: str, function: str, *arguments: object) -> Any:
        values = self._node.read(own(contract), at, function, *arguments)
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

    def can_transfer(self, sender: str, receiver: str, raw: RawAmount) -> tuple[bool, str]:
        """Whether a transfer would pass, and the contract's words if not."""
        code, words = self._token("canTransfer", address(sender, "sender"), address(receiver, "receiver"), raw.atoms)
        return code == 0, words

    def multiplier(self) -> MultiplierReading:
        """The multiplier in force and the pending one."""
        block = self._block()
        _, now, new, at, epoch, _, version = block.read("StockToken", self.address, "standing")
        waits = at > block.at
        pending = Multiplier(new, version + 1) if waits else None
        return MultiplierReading(Multiplier(now, version), pending, at if waits else None, version, epoch, block.number)

    def multiplier_at(self, time: int) -> int:
        """The multiplier in 1e-18 that is or was in force at `time` (UTC seconds)."""
        return int(self._token("multiplierAt", time))

    def reserve(self) -> Reserve:
        """The last report of the token's reserve feed."""
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
        return Price(price, session, version, observed_at, block.number)

    def actions(self) -> tuple[Action, ...]:
        """Every corporate action registered for the token, oldest first."""
        block = self._block()
        register = block.read("StockToken", self.address, "actions")
        found = []
        for number in range(block.read("CorporateActions", register, "action_count", self.address)):
            key = block.read("CorporateActions", register, "action_at", self.address, number)
            _, _, kind, ex, record, pay, new, old, *_ = block.read("CorporateActions", register, "action", key)
            state = block.read("CorporateActions", register, "state_of", key)
            found.append(Action(key.hex(), kind.decode(), ex, record, pay, new, old, state, block.number))
        return tuple(found)

    def close(self) -> None:
        """Close the connection."""
        self._rpc.close()

    def _block(self) -> _Block:
        return _Block(self._rpc, self.chain_id)

    def _token(self, function: str, *arguments: object) -> Any:
        return self._block().read("StockToken", self.address, function, *arguments)


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
