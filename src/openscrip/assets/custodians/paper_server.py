"""The paper custodian as a process: `python -m openscrip.assets.custodians.paper_server --data DIR --broker URL …`."""

import base64
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from openscrip.assets.bank import Conversion, ConversionSide, Payment
from openscrip.assets.custodians.paper_core import SubBalanceMove
from openscrip.assets.custodians.paper_depository import HttpDepository, OnwardBank
from openscrip.assets.custodians.paper_files import AtEachCall, FileDesk, looking
from openscrip.assets.custodians.paper_letters import (
    LetterArchive,
    LetterAsked,
    LetterBox,
    StateAsked,
    message_routes,
)
from openscrip.assets.custodians.paper_post import CUSTODIAN, PostingCustodian
from openscrip.assets.custodians.two_keys import Ed25519StatementKey, Ed25519TwoKeys, public_key_bytes
from openscrip.assets.custody import SEGREGATED_ACCOUNT, Instruction, InstructionKind, Signatures, statement_json
from openscrip.assets.listings import custodian_notices, daily_closes
from openscrip.assets.notice import Notice
from openscrip.assets.paper import Deposit, Depository
from openscrip.assets.paper_http import (
    application,
    calendar_day,
    clock_state,
    event_page,
    get,
    post,
    process_arguments,
    query_integer,
    run,
    serve,
    start_time,
)
from openscrip.assets.paper_log import Command, InputLog, PaperShell, RecordedDepository
from openscrip.assets.wire import to_json
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares


@dataclass(frozen=True, slots=True)
class InstructionAsked:
    """An instruction as it comes over the wire, with its signatures."""

    id: str
    kind: InstructionKind
    isin: str
    quantity: Shares
    account: str
    counterparty: str
    reference: str
    signatures: Signatures | None = None

    def instruction(self) -> Instruction:
        """What the signatures are about."""
        return Instruction(self.id, self.kind, self.isin, self.quantity, self.account, self.counterparty, self.reference)


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    """A payment as it comes over the wire, with its signatures."""

    id: str
    to: str
    amount: Money
    reference: str
    signatures: Signatures

    def payment(self) -> Payment:
        """What the signatures are about."""
        return Payment(self.id, self.to, self.amount, self.reference)


@dataclass(frozen=True, slots=True)
class ConversionAsked:
    """A conversion as it comes over the wire, with its signatures."""

    id: str
    side: ConversionSide
    asset: str
    chain: str
    amount: Money
    address: str
    transfer: str
    signatures: Signatures

    def conversion(self) -> Conversion:
        """What the signatures are about."""
        return Conversion(self.id, self.side, self.asset, self.chain, self.amount, self.address, self.transfer)


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The id of an instruction to call off."""

    id: str


@dataclass(frozen=True, slots=True)
class StatementAsked:
    """The line whose statement is due."""

    isin: str


COMMANDS: Mapping[str, Command[PostingCustodian]] = {
    "instruct": Command(InstructionAsked, lambda core, asked: core.instruct(asked.instruction(), asked.signatures)),
    "cancel": Command(CancelAsked, lambda core, asked: core.cancel(asked.id)),
    "pay": Command(PaymentAsked, lambda core, asked: core.bank.pay(asked.payment(), asked.signatures)),
    "convert": Command(ConversionAsked, lambda core, asked: core.bank.convert(asked.conversion(), asked.signatures)),
    "deposit": Command(Deposit, lambda core, deposit: core.bank.deposit(deposit)),
    "move_sub_balance": Command(SubBalanceMove, lambda core, move: core.move_sub_balance(move)),
    "statement": Command(StatementAsked, lambda core, asked: core.latest_statement(asked.isin)),
    "message": Command(LetterAsked, lambda core, asked: core.take(asked.envelope(), asked.signatures())),
    "state": Command(StateAsked, lambda core, asked: core.state(asked.isin)),
    "announce": Command(Notice, lambda core, notice: core.announce(notice)),
}


@dataclass(frozen=True, slots=True)
class House:
    """A paper custodian that is open: its core with the log, and its letter box."""

    shell: PaperShell[PostingCustodian]
    box: LetterBox
    onward: OnwardBank | None = None

    def close(self) -> None:
        """Close log and archive."""
        if self.onward is not None:
            self.onward.close()
        self.box.close()
        self.shell.close()


def custodian_app(house: House) -> Starlette:
    """The routes of the paper custodian."""
    shell, box = house.shell, house.box

    def latest_statement(isin: str) -> dict[str, object]:
        if shell.core().statement_is_due(isin):
            shell.perform("statement", {"isin": isin})
        return statement_json(shell.core().latest_statement(isin))

    def done(name: str, body: object) -> dict[str, object]:
        shell.perform(name, body)
        return {"done": True}

    def public_key() -> dict[str, object]:
        return {"public_key": base64.b64encode(shell.core().public_key()).decode()}

    return application(
        [
            post("/v1/instructions", lambda _, body: to_json(shell.perform("instruct", body))),
            post(
                "/v1/instructions/{id:path}/cancel",
                lambda path, _: to_json(shell.perform("cancel", {"id": path["id"]})),
            ),
            get(
                "/v1/instructions/{id:path}",
                lambda path, _: _found(shell.core().instruction(path["id"]), "instruction", path["id"]),
            ),
            get("/v1/events", lambda _, query: event_page(shell.core(), query)),
            get("/v1/statements/latest", lambda _, query: latest_statement(query.get("isin", ""))),
            get(
                "/v1/statements",
                lambda _, query: {
                    "statements": [
                        statement_json(each)
                        for each in shell.core().statements(query.get("isin", ""), query_integer(query, "after", 0))
                    ]
                },
            ),
            get(
                "/v1/movements",
                lambda _, query: {
                    "movements": [to_json(each) for each in shell.core().movements(query_integer(query, "after", 0))]
                },
            ),
            get("/v1/public-key", lambda *_: public_key()),
            get("/v1/calendar", lambda _, query: calendar_day(shell.core().calendar, query)),
            post("/v1/clock", lambda _, body: clock_state(shell.push_clock(body))),
            get("/v1/clock", lambda *_: clock_state(shell.core())),
            get("/v1/health", lambda *_: {"ok": True, "name": shell.core().name, **clock_state(shell.core())}),
            post("/v1/paper/deposits", lambda _, body: done("deposit", body)),
            post("/v1/paper/sub-balances", lambda _, body: done("move_sub_balance", body)),
            post("/v1/paper/faults", lambda _, body: done("switches", body)),
            post("/v1/paper/notices", lambda _, body: done("announce", body)),
            *_bank_routes(shell),
            *message_routes(box),
        ]
    )


def _found(answer: object, what: str, key: str) -> dict[str, object]:
    if answer is None:
        raise Refused(f"{what}.unknown", f"{what}: {key:.80} was never received")
    return to_json(answer)


def _bank_routes(shell: PaperShell[PostingCustodian]) -> list[Route]:
    """The account of money that the custodian keeps."""
    return [
        post("/v1/payments", lambda _, body: to_json(shell.perform("pay", body))),
        get(
            "/v1/payments/{id:path}",
            lambda path, _: _found(shell.core().bank.payment(path["id"]), "payment", path["id"]),
        ),
        post("/v1/conversions", lambda _, body: to_json(shell.perform("convert", body))),
        get(
            "/v1/conversions/{id:path}",
            lambda path, _: _found(shell.core().bank.conversion(path["id"]), "conversion", path["id"]),
        ),
        get("/v1/bank/events", lambda _, query: event_page(shell.core().bank, query)),
        get("/v1/cash", lambda _, query: to_json(shell.core().bank.cash(query.get("reference", "")))),
        get("/v1/balance", lambda *_: {"balance": str(shell.core().bank.balance())}),
    ]


def statement_seed(path: Path) -> bytes:
    """The custodian's own key: read, or made at the first start and readable by its owner alone."""
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    return path.read_bytes()


def custodian_shell(
    data: Path, start_at: int, broker: Depository, two_keys: Ed25519TwoKeys, *, live: bool = False, name: str = CUSTODIAN,
    account: str = SEGREGATED_ACCOUNT, bank: str = "",
) -> House:  # fmt: skip
    """The custodian whose store and key lie in the folder `data`; a new one starts at market time `start_at`.

    With `bank`, the address of the custodian whose bank is ours, money that arrives here is passed on to it.
    """
    archive = LetterArchive(data / "letters.sqlite")
    log = InputLog(data / "custodian.sqlite")
    started_at = log.started_at(start_at)
    key = Ed25519StatementKey(statement_seed(data / "statement.key"))
    depository = RecordedDepository(log, broker)
    onward = OnwardBank(name, bank, log) if bank else None

    def build() -> PostingCustodian:
        archive.count = 0
        core = PostingCustodian(
            started_at, daily_closes(), custodian_notices(), depository, two_keys, key, account=account, name=name,
            kept=archive.read(),
        )  # fmt: skip
        core.bank.onward = onward
        return core

    shell = PaperShell(log, build, COMMANDS, live=live)
    return House(shell, LetterBox(shell, two_keys.treasury, archive), onward)


def main(asked: Sequence[str] | None = None) -> None:
    """Read the arguments (those of the process, if none are given) and serve."""
    parser = process_arguments("paper-custodian")
    parser.add_argument("--broker", required=True, help="address of the paper broker")
    parser.add_argument("--treasury-key", required=True, help="ed25519 public key in hex or base64")
    parser.add_argument("--approver-key", required=True, help="ed25519 public key in hex or base64")
    parser.add_argument("--name", default=CUSTODIAN, help="the name that it signs under")
    parser.add_argument("--account", default=SEGREGATED_ACCOUNT, help="the segregated account that it keeps")
    parser.add_argument("--bank", default="", help="address of the custodian whose bank is ours (this one)")
    parser.add_argument("--exchange", type=Path, help="folder in which messages are exchanged as files, beside HTTP")
    arguments = parser.parse_args(asked)
    two_keys = Ed25519TwoKeys(public_key_bytes(arguments.treasury_key), public_key_bytes(arguments.approver_key))
    broker = HttpDepository(arguments.broker)
    start_at = start_time(arguments)
    house = custodian_shell(
        arguments.data, start_at, broker, two_keys, live=arguments.live, name=arguments.name, account=arguments.account,
        bank=arguments.bank,
    )  # fmt: skip
    app = custodian_app(house)
    if arguments.exchange is None:
        serve(app, "paper-custodian", arguments)
    else:
        desk = FileDesk(arguments.exchange, house.shell, house.box, two_keys.treasury)
        app.add_middleware(AtEachCall, desk=desk)
        serve(app, "paper-custodian", arguments, looking(desk))
    house.close()
    broker.close()


if __name__ == "__main__":
    run(main)
