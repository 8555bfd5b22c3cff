"""The chains as an investor's pages use them: balances, and what a wallet is asked to sign."""

import base64
from collections.abc import Collection, Mapping, Sequence

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction
from sqlalchemy import select

from openscrip.assets.stock import Stock
from openscrip.bootstrap.platform import Platform
from openscrip.issuance.chains.evm.node import address
from openscrip.issuance.chains.solana.cosigned import compose
from openscrip.issuance.chains.solana.founding import DECIMALS
from openscrip.issuance.chains.solana.token_program import Authority, associated_account, create_associated_account
from openscrip.issuance.chains.solana.token_program import transfer_checked as transfer_of
from openscrip.issuance.chains.solana.treasury import COIN_DECIMALS, coins_of
from openscrip.issuance.chains.solana.wallet import balance_of
from openscrip.issuance.coins import Stablecoin
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.redemption import Redemption
from openscrip.issuance.subscription import Subscription
from openscrip.issuance.voucher import chain_hash, is_evm
from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.history import Movement, movements_of, one_moment
from openscrip.runtime.schema import transfer
from openscrip.web.rails import ChainFacts, Landing, ToSign, WalletCall

SOLANA = "solana"


class PlatformRails:
    """`Rails` over a platform, which another process may have started."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        more = len(platform.evm_nodes) > 1
        self._chains = {
            name: ChainFacts(name, "evm", f"EVM chain {place + 1}" if more else "EVM chain", node.chain_id)
            for place, (name, node) in enumerate(platform.evm_nodes.items())
        } | {SOLANA: ChainFacts(SOLANA, SOLANA, "Solana", 0)}

    def chains(self) -> Mapping[str, ChainFacts]:
        """As `Rails.chains`."""
        return self._chains

    def tokens(self, stock: Stock, chain: str, wallet: str) -> RawAmount:
        """As `Rails.tokens`."""
        token = stock.token(chain)
        if chain == SOLANA:
            return balance_of(self._platform.solana.cluster, token, wallet)
        return RawAmount(self._platform.evm_nodes[chain].read(own("StockToken"), token, "balanceOf", wallet)[0])

    def coins(self, coin: Stablecoin, wallet: str) -> Money:
        """As `Rails.coins`."""
        if coin.chain == SOLANA:
            return coins_of(self._platform.solana.cluster, coin.token, wallet)
        return Money(self._platform.evm_nodes[coin.chain].read(own("TestDollar"), coin.token, "balanceOf", wallet)[0])

    def deposit(self, row: Subscription, coin: Stablecoin) -> ToSign:
        """As `Rails.deposit`."""
        words = f"Send {row.deposit} {coin.asset.upper()} for order {row.id}"
        return self._coins(coin, row.pay_wallet, coin.treasury, row.deposit, words)

    def escrow(self, row: Redemption, stock: Stock) -> ToSign:
        """As `Rails.escrow`."""
        token, request = stock.token(row.chain), chain_hash(row.id)
        words = f"Hand in {row.raw} {stock.token_symbol} tokens for order {row.id}"
        if is_evm(row.chain):
            issuer = self._platform.wiring.evm_chains[row.chain].contracts.issuer
            allow = own("StockToken").call("approve", address(issuer, "issuer"), row.raw.atoms)
            put = own("Issuer").call("escrow", token, row.raw.atoms, int(row.kind), request)
            allowing = f"Let the issuer's contract take {row.raw} {stock.token_symbol} tokens"
            calls = WalletCall(token, "0x" + allow.hex(), allowing), WalletCall(issuer, "0x" + put.hex(), words)
            return self._evm(row.chain, row.wallet, words, *calls)
        me, mint = Pubkey.from_string(row.wallet), Pubkey.from_string(token)
        source = associated_account(me, mint)
        step = self._platform.solana.program.escrow(
            payer=me, mint=mint, holder=me, source=source, kind=row.kind, raw=row.raw.grains, request=request
        )
        return self._solana(row.wallet, words, [step])

    def transfer(self, stock: Stock, chain: str, wallet: str, receiver: str, raw: RawAmount) -> ToSign:
        """As `Rails.transfer`."""
        token = stock.token(chain)
        words = f"Send {raw} {stock.token_symbol} tokens to {receiver}"
        if is_evm(chain):
            data = own("StockToken").call("transfer", address(receiver, "receiver"), raw.atoms)
            return self._evm(chain, wallet, words, WalletCall(token, "0x" + data.hex(), words))
        me, mint, to = (Pubkey.from_string(each) for each in (wallet, token, receiver))
        source, destination = associated_account(me, mint), associated_account(to, mint)
        move = transfer_of(source, mint, destination, Authority(me), raw.grains, DECIMALS)
        return self._solana(wallet, words, [create_associated_account(me, to, mint), move])

    def transfer_coins(self, coin: Stablecoin, wallet: str, receiver: str, amount: Money) -> ToSign:
        """As `Rails.transfer_coins`."""
        return self._coins(coin, wallet, receiver, amount, f"Send {amount} {coin.asset.upper()} to {receiver}")

    def landing(self, chain: str, tx_id: str) -> Landing:
        """As `Rails.landing`."""
        if chain == SOLANA:
            try:
                Signature.from_string(tx_id)
            except ValueError:
                return "unknown"
            (status,) = self._platform.solana.cluster.landings([tx_id])[1]
            if status is None:
                return "unknown"
            if status.get("err") is not None:
                return "failed"
            return "final" if status.get("confirmationStatus") == "finalized" else "landed"
        node = self._platform.evm_nodes.get(chain)
        if node is None:
            raise Malformed("chain.unknown", f"chain: {chain!a:.20} was none of ours")
        (receipt,) = node.receipts([tx_id])
        if receipt is None:
            return "unknown"
        if int(receipt["status"], 16) != 1:
            return "failed"
        final = node.final(node.rpc.call("eth_getBlockByNumber", node.finality, False))
        return "final" if int(receipt["blockNumber"], 16) <= int(final["number"], 16) else "landed"

    def booked_at(self, transfers: Collection[str]) -> Mapping[str, int]:
        """As `Rails.booked_at`."""
        asked = select(transfer.c.id, transfer.c.at).where(transfer.c.id.in_(list(transfers)))
        with one_moment(self._platform.engine) as connection:
            return {found.id: int(found.at) for found in connection.execute(asked)} if transfers else {}

    def movements(self, accounts: Collection[str]) -> Mapping[str, Sequence[Movement]]:
        """As `Rails.movements`."""
        with one_moment(self._platform.engine) as connection:
            return movements_of(connection, accounts, self._platform.clock.now() + 1)

    def send(self, transaction: bytes) -> str:
        """As `Rails.send`."""
        try:
            read = Transaction.from_bytes(transaction)
        except ValueError:
            raise Malformed("solana.transaction", "solana: what came was no signed transaction") from None
        if not read.signatures:
            raise Refused("solana.not_authorised", "solana: the transaction was not signed")
        self._platform.solana.cluster.send(bytes(read), preflight=True)
        return str(read.signatures[0])

    def _coins(self, coin: Stablecoin, wallet: str, receiver: str, amount: Money, words: str) -> ToSign:
        if is_evm(coin.chain):
            data = own("TestDollar").call("transfer", address(receiver, "receiver"), amount.atoms)
            return self._evm(coin.chain, wallet, words, WalletCall(coin.token, "0x" + data.hex(), words))
        me, mint, to = (Pubkey.from_string(each) for each in (wallet, coin.token, receiver))
        source, destination = associated_account(me, mint), associated_account(to, mint)
        move = transfer_of(source, mint, destination, Authority(me), amount.atoms, COIN_DECIMALS)
        return self._solana(wallet, words, [create_associated_account(me, to, mint), move])

    def _evm(self, chain: str, sender: str, words: str, *calls: WalletCall) -> ToSign:
        return ToSign(self._chains[chain], sender, words, calls)

    def _solana(self, sender: str, words: str, steps: Sequence[Instruction]) -> ToSign:
        envelope = compose(Pubkey.from_string(sender), steps, self._platform.solana.cluster.lease())
        return ToSign(self._chains[SOLANA], sender, words, (), base64.b64encode(bytes(envelope.transaction)).decode())
