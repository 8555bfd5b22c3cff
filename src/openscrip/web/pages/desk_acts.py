"""What a person of the desk may do about each kind of thing. Each act is a function of the books; its rules decide."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field

from openscrip.issuance.action_queue import Answer, QueueItem, answer
from openscrip.issuance.break_row import Break
from openscrip.issuance.cases import Case, decide_case
from openscrip.issuance.deposits import CoinDeposit, Judged
from openscrip.issuance.holds import resume
from openscrip.issuance.in_kind_row import InKindCreation, InKindRedemption
from openscrip.issuance.reconciliation import accept
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.records.queues import COMMANDS
from openscrip.runtime.store import Unit
from openscrip.web.office import Office

Reason = Annotated[str, Field(min_length=3, max_length=200)]
Day = Annotated[str, Field(pattern=r"^([12][0-9]{3}-[01][0-9]-[0-3][0-9])?$")]


class Decided(BaseModel):
    """What a person decided about one thing, and why. `word` names the act where there are several."""

    id: Annotated[str, Field(min_length=1, max_length=300)]
    reason: Reason
    word: Annotated[str, Field(pattern=r"^[a-z]{0,12}$")] = ""


class QuestionDecided(Decided):
    """An answer to a question about a corporate action, and the document that it stands on."""

    document: Annotated[str, Field(min_length=3, max_length=200)]
    source: Annotated[str, Field(max_length=64)] = ""
    record_date: Day = ""
    pay_date: Day = ""


Do = Callable[[Office, Unit, Any, str], object]
"""`do(office, unit, told, by)`: decides in the caller's transaction, or raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act: the word on the wire, the words on its button, what it means, and which roles may."""

    word: str
    button: str
    means: str
    roles: tuple[str, ...]
    do: Do


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field that a kind's form has beside the reason."""

    name: str
    label: str
    hint: str = ""
    required: bool = True


def _accept(office: Office, unit: Unit, told: Decided, by: str) -> None:
    row = unit.row(Break, told.id)
    if row is None:
        raise Malformed("break.unknown", "break: it was not opened")
    refuse_unless(row.state == "open", "break.state", f"break: it was {row.state}, not open")
    office.books.record(unit, accept(row, by, told.reason, office.now()))


def _release_case(office: Office, unit: Unit, told: Decided, by: str) -> None:
    """The first of two: the second one signs it at `/desk/approvals`."""
    row = unit.row(Case, told.id)
    first = [each.by for each in row.approvals if each.word == "release" and each.by.casefold() != by.casefold()] if row else []
    text = f"case: {', '.join(first)} has released it; the second person signs that under Approvals"
    refuse_unless(not first, "approval.needed", text)
    decide_case(unit, told.id, by, "release", told.reason, office.now())


def _confirm_case(office: Office, unit: Unit, told: Decided, by: str) -> None:
    decide_case(unit, told.id, by, "confirm", told.reason, office.now())


def _answer(office: Office, unit: Unit, told: QuestionDecided, by: str) -> None:
    """The first of two, or another answer in its place: the second person signs what was proposed at `/desk/approvals`."""
    said, row = answer_of(told), unit.row(QueueItem, told.id)
    is_second = row is not None and row.state == "proposed" and row.by != by and row.answer == said
    text = f"queue: {row.by if row else ''} has proposed the same; the second person signs that under Approvals"
    refuse_unless(not is_second, "approval.needed", text)
    answer(unit, office.books, told.id, said, by, told.reason, told.document, office.now())


def answer_of(told: QuestionDecided) -> Answer:
    """The answer that a form holds. Raises `Refused("question.day")`."""
    return Answer(told.source, _day(told.record_date), _day(told.pay_date))


def _resume_subscription(office: Office, unit: Unit, told: Decided, by: str) -> None:
    resume(unit, office.books, Subscription, told.id, by, told.reason)


def _resume_redemption(office: Office, unit: Unit, told: Decided, by: str) -> None:
    resume(unit, office.books, Redemption, told.id, by, told.reason)


def _resume_creation(office: Office, unit: Unit, told: Decided, by: str) -> None:
    resume(unit, office.books, InKindCreation, told.id, by, told.reason)


def _resume_at_network(office: Office, unit: Unit, told: Decided, by: str) -> None:
    resume(unit, office.books, InKindRedemption, told.id, by, told.reason)


def _judge(decision: str) -> Do:
    def do(office: Office, unit: Unit, told: Decided, by: str) -> None:
        if unit.row(CoinDeposit, told.id) is None:
            raise Malformed("deposit.unknown", "deposit: it never came")
        office.books.tell(unit, CoinDeposit, told.id, Judged(decision, by, told.reason))

    return do


def _release_crossing(office: Office, unit: Unit, told: Decided, by: str) -> None:
    office.crossings.release(unit, told.id, f"{by}: {told.reason}")


def _again(office: Office, unit: Unit, told: Decided, by: str) -> None:
    del office, by
    refuse_unless(unit.unpark(told.id), "command.state", "command: it is not given up any more")


AGAIN = Act("again", "Try it again", "The command is carried out again, once for its key.", ("operator",), _again)
"""What may be done about a command that was given up, the platform's or the venue's."""
_RESUME = "What was refused is asked for again. A mint or a payment that has happened does not happen twice."
_GO_ON = "Shares that have not arrived are asked for again at the custodian; tokens are minted once all are there, and once."
_ASK = "The network is asked again what became of the shares that it is to journal to the participant."
ACTS: Mapping[str, tuple[Act, ...]] = {
    "breaks": (
        Act(
            "accept", "Accept the difference", "The difference stays as it is, and mints of this stock go on.", ("operator",),
            _accept,
        ),
    ),
    "cases": (
        Act("release", "Release", "A release needs two persons: you are the first.", ("compliance",), _release_case),
        Act("confirm", "Confirm what was found", "The hold stays; one person is enough.", ("compliance",), _confirm_case),
    ),
    "questions": (
        Act("answer", "Propose this answer", "You propose; another person signs the same.", ("operator", "approver"), _answer),
    ),
    "held-subscriptions": (Act("resume", "Try again", _RESUME, ("operator",), _resume_subscription),),
    "held-redemptions": (Act("resume", "Try again", _RESUME, ("operator",), _resume_redemption),),
    "held-creations": (Act("resume", "Let it go on", _GO_ON, ("operator",), _resume_creation),),
    "held-network-redemptions": (Act("resume", "Ask the network again", _ASK, ("operator",), _resume_at_network),),
    "deposits": (
        Act("return", "Return to the sender", "The coins go back to where they came from.", ("operator",), _judge("return")),
        Act("keep", "Keep it where it is", "Nothing moves; it can still be returned later.", ("operator",), _judge("keep")),
    ),
    "crossings": (
        Act(
            "release", "Let it go on", "The tokens arrive at their destination while they can, else they are given back.",
            ("compliance",), _release_crossing,
        ),
    ),
    COMMANDS: (AGAIN,),
}  # fmt: skip
"""The acts of each kind of thing; other kinds are only shown."""
OPEN = {
    "breaks": ("open",), "cases": ("open",), "questions": ("open", "proposed"), "held-subscriptions": ("held",),
    "held-redemptions": ("held",), "held-creations": ("held",), "held-network-redemptions": ("held",),
    "deposits": ("suspense", "kept"), "crossings": ("held",), COMMANDS: ("parked",),
}  # fmt: skip
"""In which states they may be done."""


ASKED: Mapping[str, tuple[AskedField, ...]] = {
    "questions": (
        AskedField("source", "Whose notice counts", required=False),
        AskedField("record_date", "Record date", "Such as 2024-06-03", required=False),
        AskedField("pay_date", "Pay date", "Such as 2024-06-05", required=False),
        AskedField("document", "The document that says so", "Its name, number or address"),
    ),
}
"""What else is asked about a kind."""


def may_of(acts: Sequence[Act]) -> tuple[str, ...]:
    """The roles of which one is needed for any of these acts."""
    return tuple(dict.fromkeys(role for act in acts for role in act.roles))


def act_of(acts: Sequence[Act], word: str) -> Act:
    """The act that a form names; the only one needs no name. Raises `Malformed("desk.word")`."""
    found = [each for each in acts if each.word == word] or ([acts[0]] if len(acts) == 1 and not word else [])
    if not found:
        raise Malformed("desk.word", f"desk: {word!a:.20} is nothing that may be done about this")
    return found[0]


def model_of(kind: str) -> type[Decided]:
    """The form of a kind."""
    return QuestionDecided if kind == "questions" else Decided


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refused("question.day", "question: that is no day") from error
