"""Cases: what a person must look at, why, and what was decided by whom. And holds: what waits until a case is closed.

open > released | confirmed

A case is opened by a rule, once for its ground. One named person may confirm it; two different ones must agree to release.
While a hold is open nothing is minted to the client's wallets, nothing of theirs is burned and nothing paid: what they asked
keeps its place in line and is tried again by itself after the release, and only then.
"""

from dataclasses import dataclass, replace

from openscrip.issuance.clients import ClientWallet, wallet_id
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.store import Unit, View

HELD = "compliance.held"
KINDS = ("name", "owner", "group", "address", "pattern", "identity", "travel")
EYES = 2


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word on a case."""

    by: str
    word: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Case:
    """Row: what a rule found. `what` names nothing personal; `ground` is what a release is good for, and nothing else.

    `holds` says whether the client is held until it is decided; `listed` and `entry` are the list's entry and its hash.
    """

    id: str
    person: str
    kind: str
    rule: str
    what: str
    ground: str
    opened_at: int
    holds: bool
    listed: str = ""
    entry: str = ""
    approvals: tuple[Approval, ...] = ()
    closed_at: int = 0
    stock: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Hold:
    """Row: whether a client is held, by which cases; its id is the client's."""

    id: str
    cases: tuple[str, ...]
    since: int
    stock: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """Fact, and an alarm: somebody must look."""

    id: str
    person: str
    kind: str
    rule: str


@dataclass(frozen=True, slots=True)
class CaseClosed:
    """Fact: a case was released by two persons, or confirmed by one."""

    id: str
    person: str
    state: str
    by: tuple[str, ...]
    reason: str


def open_case(unit: Unit, case: Case) -> Case:
    """Open a case, once for its id. A released or confirmed one stays as it was decided."""
    known = unit.row(Case, case.id)
    if known is not None:
        return known
    unit.put(case)
    unit.record(CaseOpened(case.id, case.person, case.kind, case.rule), case.opened_at)
    if case.holds:
        hold = unit.row(Hold, case.person)
        if hold is None or hold.state != "open":
            hold = Hold(case.person, (), case.opened_at)
        unit.put(replace(hold, cases=(*hold.cases, case.id)))
    return case


def decide_case(unit: Unit, case_id: str, by: str, word: str, reason: str, now: int) -> Case:
    """Write down one person's word, `release` or `confirm`; the second `release` by somebody else closes the case.

    Raises `Malformed("case.unknown")`, `Malformed("case.word")`, `Refused("case.state")`, `Refused("case.four_eyes")`,
    `Refused("case.reason")`.
    """
    case = unit.row(Case, case_id)
    if case is None:
        raise Malformed("case.unknown", f"case: {case_id!a:.80} was not opened; `openscrip compliance` lists those that are")
    if word not in {"release", "confirm"}:
        raise Malformed("case.word", f"case: {word!a:.20} was neither release nor confirm")
    refuse_unless(bool(by.strip()) and bool(reason.strip()), "case.reason", "case: it is decided by a name and for a reason")
    refuse_unless(case.state == "open", "case.state", f"case: {case_id} was {case.state}")
    before = [each for each in case.approvals if each.word == "release"]
    if word == "release":
        refuse_unless(
            by.casefold() not in {each.by.casefold() for each in before},
            "case.four_eyes",
            f"case: {by:.80} has released {case_id} before; another person must agree",
        )
    after = replace(case, approvals=(*case.approvals, Approval(by, word, reason, now)))
    if word == "confirm":
        after = replace(after, state="confirmed", closed_at=now)
    elif len(before) + 1 >= EYES:
        after = replace(after, state="released", closed_at=now)
    unit.put(after)
    if after.state != "open":
        names = tuple(each.by for each in after.approvals if each.word == word)
        unit.record(CaseClosed(case.id, case.person, after.state, names, reason), now)
    if after.state == "released":
        _let_go(unit, after)
    return after


def _let_go(unit: Unit, case: Case) -> None:
    """The hold ends with the last of its cases that was released."""
    hold = unit.row(Hold, case.person)
    if hold is None or case.id not in hold.cases:
        return
    left = tuple(each for each in hold.cases if each != case.id)
    unit.put(replace(hold, cases=left, state="open" if left else "released"))


def hold_of(view: View, person: str) -> Hold | None:
    """The hold that is open on a client, if there is one."""
    hold = view.row(Hold, person)
    return hold if hold is not None and hold.state == "open" else None


def refuse_while_held(view: View, chain: str, wallet: str) -> None:
    """Raise `Refused("compliance.held")` for a wallet whose client is held."""
    owner = view.row(ClientWallet, wallet_id(chain, wallet))
    if owner is not None:
        refuse_held_person(view, owner.wallet.person_id)


def refuse_held_person(view: View, person: str) -> None:
    """Raise `Refused("compliance.held")` for a client who is held."""
    hold = hold_of(view, person)
    if hold is not None:
        text = f"compliance: {person} was held by {', '.join(hold.cases)}; `openscrip compliance decide` releases it"
        raise Refused(HELD, text)
