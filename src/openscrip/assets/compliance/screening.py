"""Screening: person, owners, evidence, wallet and order against rules and lists. Pure; all refusals at once, with their rules.

What a person's particulars, evidence and names come to is a `Verdict`, made once and kept with the versions that made it; the
door of the primary market adds what each request brings: wallet, amount, and whether the lists are fresh. No text here names
anything personal: the rule is told, its evidence stays with the case.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from openscrip.assets.compliance.control import CONTROL_BPS, Stake, controlled_by
from openscrip.assets.compliance.evidence import missing_or_expired
from openscrip.assets.compliance.matching import Sought
from openscrip.assets.compliance.persons import Paper, Person, Wallet
from openscrip.assets.compliance.rules import Group, May, Profile, RuleBook, shipped_profiles, shipped_rules
from openscrip.assets.compliance.sanctions import NameMatch, SanctionsLists
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money

RULES = (
    "compliance.unverified",
    "compliance.us_person",
    "compliance.country",
    "compliance.sanctioned_name",
    "compliance.name_review",
    "compliance.sanctioned_owner",
    "compliance.evidence_missing",
    "compliance.evidence_expired",
    "compliance.held",
    "compliance.wallet_not_attested",
    "compliance.wallet_of_another",
    "compliance.sanctioned_address",
    "compliance.order_limit",
    "compliance.daily_limit",
    "compliance.list_stale",
    "compliance.list_stopped",
)
"""Every rule that screening may name. The codes are public and never change their meaning."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The product's rules: a rule book, the regime, and limits for one order and for one client in one day."""

    book: RuleBook
    profile: Profile
    order_max: Money
    daily_max: Money

    @property
    def version(self) -> str:
        """Rule version and regime, as decision records quote them."""
        return f"{self.book.name}/{self.profile.name}"


DEMONSTRATION_POLICY = Policy(
    shipped_rules(), shipped_profiles()["demonstration"], Money(1_000_000 * 10**6), Money(2_000_000 * 10**6)
)
"""The policy of the demonstration."""


@dataclass(frozen=True, slots=True)
class ScreenedOrder:
    """What is asked for, in money."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that said no."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """Everything known about a person when they are judged. `persons` are owners, by id, with the `stakes` in entities.

    `cleared` are list entries that named persons found to be somebody else.
    """

    person: Person
    papers: tuple[Paper, ...] = ()
    stakes: Mapping[str, tuple[Stake, ...]] | None = None
    persons: Mapping[str, Person] | None = None
    cleared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What rules and lists say of a person. `until` is the market time from which evidence has expired.

    `redeem` and `hold` are the strictest word of the groups that the person belongs to; a listed name is `review`.
    """

    refusals: tuple[Refusal, ...]
    redeem: May
    hold: May
    score: int
    listed: str
    until: int

    @property
    def word(self) -> str:
        """`clear`, `review` where a name must be looked at by a person, or `refused`."""
        rules = {each.rule for each in self.refusals}
        if not rules:
            return "clear"
        return "review" if rules == {"compliance.name_review"} else "refused"


def judge(known: Known, policy: Policy, lists: SanctionsLists, now: int) -> Verdict:
    """The verdict on a person at market time `now`."""
    person = known.person
    groups = policy.book.groups_of(person, policy.profile)
    groups += [group for group in _owned(known, policy) if group not in groups]
    match = _listed(person, policy, lists, known.cleared)
    refusals = list(_who(person))
    seen: set[str] = set()
    for group in groups:
        if group.subscribe is not May.YES and group.rule not in seen:
            seen.add(group.rule)
            refusals.append(Refusal(group.rule, f"compliance: {person.id} was in the group {group.name}: {group.because}"))
    refusals += _names(person, match, policy)
    owners = list(_listed_owners(known, policy, lists))
    refusals += owners
    missing, until = missing_or_expired(person, known.papers, policy.book, policy.profile, now)
    refusals += [Refusal(f"compliance.evidence_{word}", text) for word, text in missing]
    listed = bool(match) or bool(owners)
    return Verdict(
        tuple(refusals),
        _strictest([group.redeem for group in groups] + [May.REVIEW] * listed),
        _strictest([group.hold for group in groups] + [May.REVIEW] * listed),
        match.score if match else 0,
        match.listed.id if match else "",
        until,
    )


def screen(
    person: Person,
    wallet: Wallet | None,
    order: ScreenedOrder,
    policy: Policy,
    lists: SanctionsLists,
    spent_today: Money,
    now: int | None = None,
) -> list[Refusal]:
    """All refusals of an order, empty if it may go on. `now` also checks that the lists are at most a day old."""
    return [
        *judge(Known(person), policy, lists, now or 0).refusals,
        *of_wallet(person.id, wallet, lists),
        *of_amount(order, policy, spent_today),
        *of_lists(lists, policy, now),
    ]


def refuse_any(refusals: Sequence[Refusal]) -> None:
    """Raise `Refused` with the first rule, if there is one; the text names them all."""
    if refusals:
        raise Refused(refusals[0].rule, "; ".join(each.text for each in refusals))


def _strictest(words: Sequence[May]) -> May:
    order = (May.YES, May.REVIEW, May.NO)
    return max(words, key=order.index, default=May.YES)


def _who(person: Person) -> Iterator[Refusal]:
    if not person.verified:
        yield Refusal("compliance.unverified", f"compliance: {person.id} was not verified")


def _owned(known: Known, policy: Policy) -> Iterator[Group]:
    """The groups whose persons control the entity."""
    if known.stakes and known.persons:
        persons = known.persons
        for group in policy.book.groups:
            belongs = {each for each, owner in persons.items() if group.holds(owner)}
            if group.name not in policy.profile.admits and controlled_by(known.person.id, known.stakes, belongs.__contains__):
                yield group


def _listed(person: Person, policy: Policy, lists: SanctionsLists, cleared: Collection[str]) -> NameMatch | None:
    matching = policy.book.matching
    best: NameMatch | None = None
    for name in (person.name, *person.aliases):
        sought = Sought(name, person.born_on, person.countries())
        match = lists.match(sought, matching.review_min, matching.weak_max, frozenset(cleared))
        if match is not None and (best is None or match.score > best.score):
            best = match
    return best


def _names(person: Person, match: NameMatch | None, policy: Policy) -> Iterator[Refusal]:
    if match is None:
        return
    text = f"compliance: a name of {person.id} was {match.score} of 100 like {match.listed.id} ({match.listed.programme:.60})"
    if match.score >= policy.book.matching.refuse_min:
        yield Refusal("compliance.sanctioned_name", text)
    else:
        yield Refusal("compliance.name_review", f"{text}; named persons decide")


def _listed_owners(known: Known, policy: Policy, lists: SanctionsLists) -> Iterator[Refusal]:
    if not known.stakes or not known.persons:
        return
    floor = policy.book.matching.refuse_min
    blocked = set()
    for owner in known.persons.values():
        match = _listed(owner, policy, lists, ())
        if owner.id != known.person.id and match is not None and match.score >= floor:
            blocked.add(owner.id)
    if blocked and controlled_by(known.person.id, known.stakes, blocked.__contains__):
        text = f"compliance: listed owners hold {CONTROL_BPS // 100} % or more of {known.person.id}, directly or through others"
        yield Refusal("compliance.sanctioned_owner", text)


def of_wallet(person: str, wallet: Wallet | None, lists: SanctionsLists) -> Iterator[Refusal]:
    """What a wallet is refused for."""
    if wallet is None or not wallet.attested:
        address = "no wallet" if wallet is None else wallet.address
        yield Refusal("compliance.wallet_not_attested", f"compliance: {address} was not signed for by {person}")
    if wallet is None:
        return
    if wallet.person_id != person:
        yield Refusal("compliance.wallet_of_another", f"compliance: {wallet.address} belonged to somebody else")
    listed = lists.match_address("evm" if wallet.chain.startswith("evm") else wallet.chain, wallet.address)
    if listed is not None:
        yield Refusal("compliance.sanctioned_address", f"compliance: {wallet.address} was listed ({listed.programme})")


def of_amount(order: ScreenedOrder, policy: Policy, spent_today: Money) -> Iterator[Refusal]:
    """What an amount is refused for."""
    if order.amount > policy.order_max:
        yield Refusal(
            "compliance.order_limit",
            f"compliance: {order.amount} USD was above the limit of {policy.order_max} an order",
        )
    if spent_today + order.amount > policy.daily_max:
        yield Refusal(
            "compliance.daily_limit",
            f"compliance: {spent_today + order.amount} USD was above the limit of {policy.daily_max} a day",
        )


def of_lists(lists: SanctionsLists, policy: Policy, now: int | None) -> Iterator[Refusal]:
    """Old lists stop onboarding and subscriptions; `now` is None where nobody asks."""
    if now is None:
        return
    stopped = [f"{part.publisher}: {part.stopped}" for part in lists.parts if part.stopped]
    if stopped:
        yield Refusal("compliance.list_stopped", f"compliance: a sanctions list was stopped ({'; '.join(stopped):.200})")
    old = [part.publisher for part in lists.parts if part.ages and now - part.retrieved_at > policy.book.list_age_s_max]
    if old or (not lists.parts and now - lists.retrieved_at > policy.book.list_age_s_max):
        hours = policy.book.list_age_s_max // 3600
        whose = f" of {', '.join(old)}" if old else ""
        yield Refusal("compliance.list_stale", f"compliance: the sanctions lists{whose} were older than {hours} hours")


def without_expiry(verdict: Verdict) -> Verdict:
    """The verdict as it stands for what is held already: evidence that has expired closes no exit (I8)."""
    kept = tuple(each for each in verdict.refusals if not each.rule.startswith("compliance.evidence_"))
    return replace(verdict, refusals=kept)
