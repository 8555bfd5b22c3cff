"""Requests that are judged on one reading of everything outside, and what must be stored before they are answered."""

from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from openscrip_watch import mints, multipliers, releases, transactions
from openscrip_watch.amounts import DOLLAR, ONE, parse
from openscrip_watch.chains.facts import Standing, TokenFacts, is_evm
from openscrip_watch.chains.solana_wire import Asked as SolanaTransaction
from openscrip_watch.chains.solana_wire import decode_mint
from openscrip_watch.config import StockConfig
from openscrip_watch.crossings import Bounds
from openscrip_watch.endings import CancelAsked, FinishAsked
from openscrip_watch.keys import WatchKeys
from openscrip_watch.landing import note_landed, was_burned
from openscrip_watch.payout_desk import DAY_S, Payouts
from openscrip_watch.payouts import PayoutAsked
from openscrip_watch.proof import Claims
from openscrip_watch.reading import Sources
from openscrip_watch.refusal import Refusal, refuse_unless
from openscrip_watch.register import Register, SignedCall, SignedMint, SignedRelease, SignedReport
from openscrip_watch.reports import ReportAsked, due_report, last_report, proof_report, report_json, report_values
from openscrip_watch.signing import EvmSigning
from openscrip_watch.solana_signing import SolanaSigning, Start
from openscrip_watch.verify_solana import check_program
from openscrip_watch.view import StockView

Answer = Mapping[str, object]
OfAction = multipliers.ChangeAsked | FinishAsked | CancelAsked
Asked = mints.MintAsked | OfAction | transactions.TransactionAsked | releases.ReleaseAsked | PayoutAsked | ReportAsked
_IN_TRANSACTION = "transaction"
"""What stands as a report's signature on Solana, where each transaction that brings it is signed."""


class Batch:
    """Requests that are judged on one reading. Collects the rows that must be stored before anything is answered."""

    def __init__(
        self,
        sources: Sources,
        register: Register,
        claims: dict[str, Claims],
        keys: WatchKeys,
        now: int,
        offences: dict[str, str],
    ) -> None:
        self.sources = sources
        self.now = now
        self.rows: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self.signatures: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self._config = sources.config
        self._register = register
        self._claims = claims
        self._keys = keys
        self._offences = offences
        self._standings: dict[tuple[str, str], Standing] = {}
        self._stated: set[str] = set()

    def read(self, asked: Sequence[Asked]) -> None:
        """Look at the custodian, then at the chains, for all stocks that the requests are about."""
        stated: dict[str, StockConfig] = {}
        read: dict[str, StockConfig] = {}
        for each in asked:
            for stock in self._stocks_of(each):
                read[stock.symbol] = stock
                payment = isinstance(each, releases.ReleaseAsked) and each.kind == "payment"
                if not payment and not isinstance(each, PayoutAsked) and not isinstance(each, transactions.TransactionAsked):
                    stated[stock.symbol] = stock
        if any(isinstance(each, multipliers.ChangeAsked) for each in asked):
            self.sources.custodians.read_events()
        self.sources.read_custodian(stated.values())
        self._stated = set(stated)
        self._settle_releases(asked)
        self._standings = self.sources.read_chains(read.values())
        self._note_landed(read.values())

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request. Raises `Refusal`."""
        match asked:
            case mints.MintAsked():
                return self._mint(asked)
            case multipliers.ChangeAsked():
                return self._change(asked)
            case FinishAsked():
                return self._finish(asked)
            case CancelAsked():
                return self._cancel(asked)
            case transactions.TransactionAsked():
                return self._transaction(asked)
            case releases.ReleaseAsked():
                return self._release(asked)
            case PayoutAsked():
                return self._payouts().approve(asked)
            case ReportAsked():
                return self._lower(asked)

    def view(self, stock: StockConfig) -> StockView:
        """A stock at this reading."""
        if stock.symbol not in self._stated:
            self.sources.read_custodian([stock])
            self._stated.add(stock.symbol)
        addresses = {chain: token for chain, token in stock.tokens.items() if (chain, stock.symbol) in self._standings}
        offences = (self._offences.get(f"{chain}:{token}", "") for chain, token in stock.tokens.items())
        view = StockView(
            stock=stock,
            statement=self.sources.custodians.held(stock.isin),
            line=self.sources.custodians.line(stock.isin),
            standings={chain: self._standings[chain, stock.symbol] for chain in addresses},
            facts={chain: self.sources.books[chain].token(token) for chain, token in addresses.items()},
            register=self._register,
            claims=self._claims.setdefault(stock.symbol, Claims()),
            offence=next((each for each in offences if each), ""),
        )
        view.claims.closed |= self._register.paid & view.claims.burned.keys()
        return view

    def _mint(self, asked: mints.MintAsked) -> Answer:
        stock = self._stock(asked.mint.stock)
        signed = mints.earlier_signature(asked, self._register)
        view = self.view(stock)
        if signed is None:
            mints.judge(asked, view, self.now, self._config.statement_age_s_max, self._bounds())
            signed = replace(asked.mint, at=self.now)
            if is_evm(signed.chain):
                signed = replace(signed, signature=self._evm(signed.chain).mint(signed, view.standings[signed.chain].at))
                self._sign("mint", signed.mint_id, signed.signature, asdict(signed))
            else:
                self._solana().refuse_unless_living(signed)
            self._put_mint(signed)
        if asked.asked is not None:
            return self._cosigned_mint(asked.asked, signed)
        report = self._report(view, signed.chain) if signed.state == "live" else None
        if report is not None and not is_evm(signed.chain):
            told = last_report(view, signed.chain)
            self._put_mint(replace(signed, report=tuple(map(int, report_values(told)[1:])) if told else ()))
        return {"signature": signed.signature, "report": report}

    def _cosigned_mint(self, transaction: SolanaTransaction, mint: SignedMint) -> Answer:
        """Our signature under a transaction that carries out what was judged, with the report that was told with it."""
        refuse_unless(mint.state != "dead", "mint.dead", f"mint: {mint.mint_id:.80} can land no more")
        signature = self._solana().mint(transaction, mint)
        self._sign("mint", mint.mint_id, signature, asdict(mint))
        return {"signature": signature}

    def _put_mint(self, mint: SignedMint) -> None:
        self._register.put_mint(mint)
        self._record("mint", mint.mint_id, mint.state, asdict(mint))

    def _bounds(self) -> Bounds:
        config = self._config
        return Bounds(self.sources.destinations(), config.crossing_hour_shares, config.lanes)

    def _report(self, view: StockView, chain: str) -> Mapping[str, object] | None:
        claims = view.claimed()
        cover = view.cover(view.raw(), view.highest, claims)
        refuse_unless(cover.holds, "covered.shortfall", f"covered: {cover}")
        return self._reported(view, due_report(view, chain, claims, self.now, self._config.feed_refresh_s))

    def _lower(self, asked: ReportAsked) -> Answer:
        """The report that takes back what a chain's tokens do not need, or that is due; None where the chain's own serves."""
        view = self.view(self._stock(asked.stock))
        founded = asked.chain in view.standings
        refuse_unless(founded, "chain.token", f"chain: {asked.stock:.40} was not founded on {asked.chain:.20}")
        view.refuse_unless_explained()
        bounds = self._config.heartbeat_s, self._config.deviation_bps
        report = self._reported(view, proof_report(view, asked.chain, view.claimed(), self.now, *bounds))
        told = last_report(view, asked.chain)
        if asked.asked is None or told is None or is_evm(asked.chain):
            return {"report": report}
        held = tuple(map(int, report_values(told)[1:]))
        return {"report": report, "signature": self._solana().report(asked.asked, view.stock.mint, held)}

    def _reported(self, view: StockView, report: SignedReport | None) -> Mapping[str, object] | None:
        """A report as the issuer gets it, signed and recorded."""
        if report is None:
            return None
        if not report.signature:
            feed, signature = view.stock.feed_on(report.chain), _IN_TRANSACTION
            if is_evm(report.chain):
                signature = self._evm(report.chain).report(feed, report)
            report = replace(report, signature=signature)
            self._register.reports[report.key] = report
            self._record("report", report.key, "live", asdict(report))
            self._sign("report", f"{report.key}/{report.sequence}", report.signature, asdict(report))
        return report_json(report)

    def _change(self, asked: multipliers.ChangeAsked) -> Answer:
        view = self._founded(asked)
        call = multipliers.earlier_change(asked, self._register.calls, view)
        if call is None:
            notices, age = self.sources.custodians.notices, self._config.statement_age_s_max
            multipliers.judge(asked, view, self.now, age, notices)
        if not is_evm(asked.chain):
            call = SignedCall(asked.key, asked.chain, asked.content, self._solana().change(asked))
            self._put_call("multiplier", call)
        elif call is None:
            call = SignedCall(asked.key, asked.chain, asked.content, *self._evm(asked.chain).change(asked))
            self._put_call("multiplier", call)
        return call.told

    def _finish(self, asked: FinishAsked) -> Answer:
        view = self._founded(asked)
        before, evm = asked.earlier(self._register.calls), is_evm(asked.chain)
        if before is not None and evm:
            return {"signature": before.signature}
        if before is None:
            asked.judge(view)
        signature = self._evm(asked.chain).finish(asked) if evm else self._solana().finish(asked, view.stock.mint)
        return self._put_call("finish", SignedCall(asked.key, asked.chain, asked.document, signature))

    def _cancel(self, asked: CancelAsked) -> Answer:
        view = self._founded(asked)
        before, evm = asked.earlier(self._register.calls), is_evm(asked.chain)
        if before is not None and evm:
            return {"signature": before.signature}
        if before is None:
            asked.judge(view, self._config.cancels(asked.chain))
        signature = self._evm(asked.chain).cancel(asked) if evm else self._solana().cancel(asked, view.stock.mint)
        return self._put_call("cancel", SignedCall(asked.key, asked.chain, asked.document, signature))

    def _founded(self, asked: OfAction) -> StockView:
        view = self.view(self._stock(asked.stock))
        founded = asked.chain in view.standings
        refuse_unless(founded, "chain.token", f"chain: {asked.stock:.40} was not founded on {asked.chain}")
        return view

    def _transaction(self, asked: transactions.TransactionAsked) -> Answer:
        solana = self.sources.need_solana()
        solana.read_roles()
        if asked.purpose == transactions.QUEUE:
            transactions.refuse_without_consent(asked, self._config.solana.operations if self._config.solana else ())
            signature = self._solana().queue(asked.asked, asked.request_id)
        else:
            mint = decode_mint(solana.accounts([asked.mint])[0] or b"")
            text = f"founding: {asked.mint} had a supply before its handover"
            refuse_unless(mint.supply == 0, "founding.supply", text)
            check_program(solana)
            signature = self._solana().opening(asked.asked, asked.mint, self._start(asked))
        return self._put_call(asked.purpose, SignedCall(asked.key, "solana", asked.purpose, signature))

    def _start(self, asked: transactions.TransactionAsked) -> Start:
        """What a new token starts from: where the stock's first EVM token stands, or one at the epoch of its listing."""
        stock = next(iter(self._stocks_of(asked)), None)
        text = f"founding: {asked.mint:.64} was not one of our mints"
        if stock is None:
            raise Refusal("voucher.token", text)
        found = (standing for (chain, symbol), standing in self._standings.items() if symbol == stock.symbol and is_evm(chain))
        lead = next(found, None)
        return Start(lead.multiplier, lead.epoch, lead.version) if lead else Start(ONE, stock.epoch, 0)

    def _release(self, asked: releases.ReleaseAsked) -> Answer:
        before = releases.earlier_release(asked, self._register.releases)
        if before is None:
            if asked.kind == "delivery":
                stock = next(iter(self._stocks_of(asked)), None)
                text = f"release: no stock had isin {asked.instruction.get('isin', '')!r:.20}"
                if stock is None:
                    raise Refusal("release.stock", text)
                releases.judge_delivery(asked, self.view(stock))
            elif asked.kind == "conversion":
                self._judge_conversion(asked)
            elif asked.instruction.get("to") == releases.BROKER:
                releases.judge_repayment(asked, self._register.releases_for(asked.reference), self.sources.lent)
            else:
                self._judge_payment(asked)
            signature = b64encode(self._keys.approver.sign(asked.content.encode())).decode()
            before = SignedRelease(asked.id, asked.kind, asked.reference, asked.amount, asked.content, signature, at=self.now)
            self._register.put_release(before)
            self._record("release", before.id, before.state, asdict(before))
            self._sign(asked.kind, before.id, signature, asdict(before))
        return {"signature": before.signature}

    def _judge_payment(self, asked: releases.ReleaseAsked) -> None:
        view = self._burned_in(asked.request)
        sold: Callable[[str], tuple[int, int]] | None = None
        if self.sources.broker and view:
            self.sources.sales.update(self.sources.broker)
            sold = self.sources.sales.of
        releases.judge_payment(
            asked,
            view,
            self._register.releases_for(asked.reference),
            lambda reference: parse(self.sources.custodians.cash(reference)["received"], DOLLAR, "cash: received"),
            sold,
            self._config.fraction_usd_max,
        )

    def _judge_conversion(self, asked: releases.ReleaseAsked) -> None:
        coin = self._config.coins.get(f"{asked.instruction['asset']}:{asked.instruction['chain']}")
        day = self.now // DAY_S
        made = (each for each in self._register.releases.values() if each.kind == "conversion" and each.at // DAY_S == day)
        gone = sum(each.amount for each in made)
        limit = self._config.convert_usd_day_max
        releases.judge_conversion(asked, self._register.releases, coin.treasury if coin else "", gone, limit)

    def _payouts(self) -> Payouts:
        """The approver of coins, on this reading."""
        return Payouts(self.sources, self._register, self._keys, self.now, self._judge_redeemed, self._keep_release)

    def _judge_redeemed(self, asked: PayoutAsked) -> None:
        """A payout of a redemption, as a payment of it in dollars; to nobody but who burned."""
        view = self._burned_in(asked.request)
        if view is None:
            raise Refusal("payout.reason", f"payout: {asked.reference:.80} was no deposit, conversion or burned redemption")
        fact = releases.burned_fact([view], asked.request)
        escrowed = view.facts[fact.chain].escrowed.get(asked.request) if fact else None
        holder = (escrowed or fact).party if fact else ""
        refuse_unless(
            holder.lower() == asked.payout["to"].lower(), "payout.receiver", f"payout: {asked.payout['to']:.60} had not burned"
        )
        self._judge_payment(releases.ReleaseAsked("payment", asked.payout, asked.id, asked.reference, asked.amount))

    def _keep_release(self, release: SignedRelease) -> None:
        self._register.put_release(release)
        self._record("release", release.id, release.state, asdict(release))
        self._sign(release.kind, release.id, release.signature, asdict(release))

    def _burned_in(self, request: str) -> StockView | None:
        """The stock whose token was burned for a request."""
        for stock in self._config.stocks.values():
            if any(request in self._facts(chain, stock).burned for chain in stock.tokens):
                return self.view(stock)
        return None

    def _facts(self, chain: str, stock: StockConfig) -> TokenFacts:
        return self.sources.books[chain].token(stock.address(chain))

    def _stocks_of(self, asked: Asked) -> Collection[StockConfig]:
        """The stocks that a request is about."""
        stocks = self._config.stocks.values()
        match asked:
            case mints.MintAsked():
                return [self._stock(asked.mint.stock)]
            case multipliers.ChangeAsked() | FinishAsked() | CancelAsked() | ReportAsked():
                return [self._stock(asked.stock)]
            case transactions.TransactionAsked():
                return [stock for stock in stocks if asked.mint and stock.mint == asked.mint]
            case PayoutAsked():
                return [] if asked.of_deposit else stocks
            case releases.ReleaseAsked():
                isin = asked.instruction.get("isin")
                return [stock for stock in stocks if asked.kind == "payment" or stock.isin == isin]

    def _stock(self, symbol: str) -> StockConfig:
        stock = self._config.stocks.get(symbol)
        if stock is None:
            raise Refusal("stock.unknown", f"stock: {symbol:.40} was not configured")
        return stock

    def _note_landed(self, stocks: Collection[StockConfig]) -> None:
        """Record what landed or died, and what nobody here signed."""
        tokens = {(name, stock.symbol): token for stock in stocks for name, token in stock.tokens.items()}
        for mint in note_landed(self.sources, self._register, self._claims, self._offences, self._standings, tokens):
            self._record("mint", mint.mint_id, mint.state, asdict(mint))

    def _settle_releases(self, asked: Sequence[Asked]) -> None:
        """Note how the custodian ended what was approved: movements for deliveries, its answer for payments."""
        custody = self.sources.custodians.custody
        references = {each.reference for each in asked if isinstance(each, releases.ReleaseAsked)}
        for release in self._register.live_releases():
            state = "live"
            if release.kind == "delivery":
                state = "settled" if release.id in custody.moved else "live"
                state = "failed" if release.id in custody.ended else state
            elif release.kind == "payout":
                state = self._payouts().state_of(release)
            elif (release.kind == "payment" and release.reference in references) or was_burned(self.sources, release.reference):
                status = self.sources.custodians.payment_status(release.id)
                state = {"sent": "settled", "failed": "failed"}.get(status, "live")
            if state in ("settled", "failed"):
                after = replace(release, state="settled" if state == "settled" else "failed")
                self._register.put_release(after)
                self._record("release", after.id, after.state, asdict(after))

    def _put_call(self, what: str, call: SignedCall) -> Answer:
        self._register.calls[call.key] = call
        self._record("call", call.key, "live", asdict(call))
        self._sign(what, call.key, call.signature, asdict(call))
        return {"signature": call.signature}

    def _solana(self) -> SolanaSigning:
        solana = self._config.solana
        if solana is None:
            raise Refusal("chain.unknown", "chain: solana was not configured")
        return SolanaSigning(self._keys.solana, self.sources.need_solana(), solana.issuer)

    def _evm(self, chain: str) -> EvmSigning:
        reader = self.sources.evms.get(chain)
        if reader is None:
            raise Refusal("chain.unknown", f"chain: {chain:.20} was not configured")
        return EvmSigning(self._keys.evm, reader)

    def _record(self, what: str, key: str, state: str, row: Mapping[str, Any]) -> None:
        self.rows.append((what, key, state, row))

    def _sign(self, what: str, key: str, signature: str, row: Mapping[str, Any]) -> None:
        self.signatures.append((what, key, signature, row))
