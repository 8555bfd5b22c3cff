"""Approving stablecoin payouts: judged once, kept, and signed by the approver's key of the chain."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from openscrip_watch import payouts
from openscrip_watch.amounts import DOLLAR
from openscrip_watch.chains.evm import EvmReader
from openscrip_watch.chains.evm_wire import sign
from openscrip_watch.chains.facts import is_evm
from openscrip_watch.config import CoinConfig
from openscrip_watch.keys import WatchKeys
from openscrip_watch.payouts import PayoutAsked
from openscrip_watch.reading import Sources
from openscrip_watch.refusal import Refusal, refuse_unless
from openscrip_watch.register import Register, SignedRelease

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Payouts:
    """On one reading. `judge_redeemed` judges what is paid for a redemption, `keep` makes an approval durable."""

    sources: Sources
    register: Register
    keys: WatchKeys
    now: int
    judge_redeemed: Callable[[PayoutAsked], None]
    keep: Callable[[SignedRelease], None]

    def approve(self, asked: PayoutAsked) -> Mapping[str, object]:
        """The signature under a payout. Raises `Refusal`."""
        coin = payouts.coin_of(asked, self.sources.config.coins)
        before = self.register.releases.get(asked.id)
        text = f"payout: {asked.id:.80} was approved with other content"
        refuse_unless(before is None or before.content == asked.content, "release.conflict", text)
        if before is None:
            self._judge(asked, coin)
        signature = self._sign(asked, coin)
        if before is None:
            self.keep(SignedRelease(asked.id, "payout", asked.reference, asked.amount, asked.content, signature, at=self.now))
        return {"signature": signature}

    def state_of(self, release: SignedRelease) -> str:
        """`settled` once the chain shows a payout as made."""
        payout = payouts.kept(release)
        coin = self.sources.config.coins.get(f"{payout['asset']}:{payout['chain']}")
        if coin is None:
            return "live"
        rpc = self.sources.chain(payout["chain"]).rpc
        return "settled" if payouts.has_landed(payout, coin, rpc) else "live"

    def _judge(self, asked: PayoutAsked, coin: CoinConfig) -> None:
        if asked.of_deposit:
            rpc = self.sources.chain(asked.chain).rpc
            payouts.judge_refund(asked, coin, rpc, payouts.earlier_refunds(asked, self.register.releases))
        elif payouts.is_bank(asked, coin):
            limit = self.sources.config.convert_usd_day_max * DOLLAR
            payouts.judge_conversion(asked, self._gone_today(coin), limit)
        else:
            self.judge_redeemed(asked)

    def _gone_today(self, coin: CoinConfig) -> int:
        """What was approved to go to the bank since midnight (UTC)."""
        made = (each for each in self.register.releases.values() if each.kind == "payout")
        today = (each for each in made if each.at // DAY_S == self.now // DAY_S)
        return sum(each.amount for each in today if payouts.kept(each)["to"].lower() == coin.bank.lower())

    def _sign(self, asked: PayoutAsked, coin: CoinConfig) -> str:
        reader = self.sources.chain(asked.chain)
        if isinstance(reader, EvmReader):
            return sign(self.keys.approver_evm, payouts.evm_digest(asked, coin, reader))
        if is_evm(asked.chain) or self.sources.config.solana is None:
            raise Refusal("chain.unknown", f"chain: {asked.chain:.20} was not configured")
        key = self.keys.approver_solana
        rent, payer = payouts.rent_of(reader), self.sources.config.solana.issuer
        transaction = payouts.refuse_other_steps(asked, coin, payer, str(key.pubkey()), rent)
        return str(key.sign_message(transaction.message))
