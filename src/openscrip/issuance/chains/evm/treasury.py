"""The treasury contract of an EVM chain: payouts under two keys; and what a wallet does with a stablecoin."""

import json

from openscrip.issuance.chain import Call
from openscrip.issuance.chains.evm.deployment import land
from openscrip.issuance.chains.evm.node import Node, address
from openscrip.issuance.chains.evm.signing import Signer
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.chains.evm.typed_data import digest
from openscrip.issuance.coins import Payout, PayoutApprover, VoidApprover
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.voucher import chain_hash
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount

TREASURY = "Openscrip Treasury"
PAYOUT = "Payout(bytes32 id,address token,address to,uint256 amount)"
VOID = "Void(bytes32 id)"
_VOID_GAS = 120_000
_PAY_GAS, _COIN_GAS, _DEPLOY_GAS = 200_000, 120_000, 2_000_000


class EvmTreasury:
    """`issuance.coins.Treasury` on an EVM chain. Holds the treasurer's key; the approver signs elsewhere.

    An amount is paid in its own atoms: a coin's have 6 decimals there, a stock token's 18.
    """

    def __init__(
        self, name: str, node: Node, contract: str, treasurer: Signer, approver: PayoutApprover, *, tries_first: bool = False
    ) -> None:
        """With `tries_first` a payout that would fail is refused before its signatures are known to anybody."""
        self.name = name
        self.address = contract
        self._node = node
        self._treasurer = treasurer
        self._approver = approver
        self._tries_first = tries_first

    def balance(self, token: str) -> Money:
        """Coins in the treasury, final."""
        return Money(self._node.read(own("TestDollar"), token, "balanceOf", self.address)[0])

    def prepare_payout(self, payout: Payout) -> tuple[Call, ...]:
        """One call that pays. Raises `Refused("treasury.payout_was_made_before")`, and `treasury.short` without the coins."""
        name = chain_hash(payout.id)
        if self._node.read(own("Treasury"), self.address, "paid", name)[0]:
            raise Refused("treasury.payout_was_made_before", f"treasury: payout {payout.id} was made before")
        refuse_short(type(payout.amount)(self.balance(payout.token).atoms), payout)
        values = (name, address(payout.token, "token"), address(payout.to, "receiver"), payout.amount.atoms)
        domain = (TREASURY, self._node.chain_id, self.address)
        first = self._treasurer.sign_digest(digest(*domain, PAYOUT, values))
        second = bytes.fromhex(self._approver.approve_payout(payout, None).removeprefix("0x"))
        data = own("Treasury").call("pay", *values, first, second)
        if self._tries_first:
            self._node.simulate(Transaction(self.address, data, _PAY_GAS), self._treasurer.address)
        body = json.dumps({"to": self.address, "data": data.hex(), "gas": _PAY_GAS}).encode()
        return (Call(self.name, f"pay {payout.amount} {payout.asset} to {payout.to} for {payout.id}", body),)


class EvmVoidingTreasury(EvmTreasury):
    """One whose payouts can be ended: their signatures never expire, so only the contract can forget them."""

    def __init__(
        self, name: str, node: Node, contract: str, treasurer: Signer, approver: VoidApprover, *, tries_first: bool = True
    ) -> None:
        super().__init__(name, node, contract, treasurer, approver, tries_first=tries_first)
        self._void_approver = approver

    def prepare_void(self, payment_id: str, reference: str) -> tuple[Call, ...]:
        """As `VoidingTreasury.prepare_void`."""
        name = chain_hash(payment_id)
        if self._node.read(own("Treasury"), self.address, "paid", name)[0]:
            raise Refused("treasury.payout_was_made_before", f"treasury: payout {payment_id} was made before")
        if self._node.read(own("Treasury"), self.address, "voided", name)[0]:
            return ()
        first = self._treasurer.sign_digest(digest(TREASURY, self._node.chain_id, self.address, VOID, (name,)))
        second = bytes.fromhex(self._void_approver.approve_void(payment_id, self.name, reference).removeprefix("0x"))
        data = own("Treasury").call("void", name, first, second)
        body = json.dumps({"to": self.address, "data": data.hex(), "gas": _VOID_GAS}).encode()
        return (Call(self.name, f"void {payment_id}", body),)


def refuse_short(there: Money | RawAmount, payout: Payout) -> None:
    """Raise `Refused("treasury.short")` where the treasury has too few coins."""
    if there.atoms < payout.amount.atoms:
        text = f"treasury: {payout.amount} {payout.asset} were to be paid for {payout.id}, {there} were there; bring more"
        raise Refused("treasury.short", text)


class EvmCoins:
    """What one account does with stablecoins."""

    def __init__(self, node: Node, signer: Signer) -> None:
        self._node = node
        self._signer = signer

    def balance(self, token: str) -> Money:
        """What the account has."""
        return Money(self._node.read(own("TestDollar"), token, "balanceOf", self._signer.address)[0])

    def send(self, token: str, receiver: str, amount: Money) -> str:
        """A transfer; the transaction's id once it has landed. Raises `Refused` with the coin's words."""
        return self._act(token, "transfer", receiver, amount)

    def mint(self, token: str, receiver: str, amount: Money) -> str:
        """New coins of the local chain's own, by their minter."""
        return self._act(token, "mint", receiver, amount)

    def _act(self, token: str, function: str, receiver: str, amount: Money) -> str:
        data = own("TestDollar").call(function, address(receiver, "receiver"), amount.atoms)
        transaction = Transaction(token, data, _COIN_GAS)
        self._node.simulate(transaction, self._signer.address)
        return str(land(self._node, self._signer, transaction)["transactionHash"])


def deploy_treasury(node: Node, deployer: Signer, treasurer: str, approver: str) -> str:
    """A treasury of these two keys; its address."""
    return _create(node, deployer, own("Treasury").creation(treasurer, approver))


def deploy_dollar(node: Node, deployer: Signer, minter: str) -> str:
    """The local chain's own stablecoin; its address."""
    return _create(node, deployer, own("TestDollar").creation(minter))


def _create(node: Node, deployer: Signer, code: bytes) -> str:
    receipt = land(node, deployer, Transaction("", code, _DEPLOY_GAS))
    return address(str(receipt["contractAddress"]), "contract")
