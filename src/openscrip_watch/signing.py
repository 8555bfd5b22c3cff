"""What the attestor's EVM key signs: each thing by its EIP-712 type, for the contract that will verify it."""

import coincurve

from openscrip_watch.canonical import request_hash
from openscrip_watch.chains.evm import EvmReader
from openscrip_watch.chains.evm_wire import (
    ACTION_TYPE,
    ACTIONS_DOMAIN,
    CANCEL_TYPE,
    CHANGE_TYPE,
    FEED_DOMAIN,
    FINISH_TYPE,
    ISSUER_DOMAIN,
    REPORT_TYPE,
    VOUCHER_TYPE,
    Domain,
    sign,
)
from openscrip_watch.endings import CancelAsked, FinishAsked
from openscrip_watch.multipliers import ChangeAsked, action_values, change_values
from openscrip_watch.refusal import refuse_unless
from openscrip_watch.register import SignedMint, SignedReport
from openscrip_watch.reports import report_values


class EvmSigning:
    """The key, on the chain of one reader. It judges nothing but what the chain alone can tell."""

    def __init__(self, key: coincurve.PrivateKey, reader: EvmReader) -> None:
        self._key = key
        self._reader = reader

    def mint(self, mint: SignedMint, at: int) -> str:
        """Under a voucher. Raises `voucher.deadline` and, for another generation of keys, `voucher.signers`."""
        life, epoch = mint.deadline - at, self._reader.signer_epoch
        text = f"voucher: its deadline was {life} s from the chain's time"
        refuse_unless(0 <= life <= 7 * 86_400, "voucher.deadline", text)
        text = f"voucher: it was for signer epoch {mint.signer_epoch}, the keys were of {epoch}"
        refuse_unless(mint.signer_epoch == epoch, "voucher.signers", text)
        who = (mint.token, mint.receiver, mint.raw, mint.kind, request_hash(mint.mint_id), mint.evidence, mint.origin)
        when = (mint.epoch, mint.multiplier, mint.signer_epoch, mint.deadline)
        return self._sign(ISSUER_DOMAIN, self._reader.issuer_contract, VOUCHER_TYPE, (*who, *when))

    def report(self, feed: str, report: SignedReport) -> str:
        """Under a reserve report."""
        return self._sign(FEED_DOMAIN, feed, REPORT_TYPE, report_values(report))

    def change(self, asked: ChangeAsked) -> tuple[str, str]:
        """Under a multiplier change, and under the corporate action behind it."""
        actions = self._reader.actions
        staged = self._sign(ACTIONS_DOMAIN, actions, CHANGE_TYPE, change_values(asked))
        return staged, self._sign(ACTIONS_DOMAIN, actions, ACTION_TYPE, action_values(asked))

    def finish(self, asked: FinishAsked) -> str:
        """Under the end of a corporate action."""
        return self._sign(ACTIONS_DOMAIN, self._reader.actions, FINISH_TYPE, (asked.action, asked.document))

    def cancel(self, asked: CancelAsked) -> str:
        """Under the cancellation of a corporate action that is not in force."""
        return self._sign(ACTIONS_DOMAIN, self._reader.actions, CANCEL_TYPE, (asked.action, asked.document))

    def _sign(self, domain: str, contract: str, type_text: str, values: tuple[str | int, ...]) -> str:
        return sign(self._key, Domain(domain, self._reader.chain_id, contract).digest(type_text, values))
