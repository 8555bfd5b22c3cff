"""What the policy takes over from others: a keeper's mirror that ages, and a source on this chain that may misbehave.

A transfer asks the policy alone; whatever a source does, it reaches nobody's balance.
"""

from functools import cache

import pytest
from tests.issuance.contracts.direct import compiled, end, name_pool, topic
from tests.issuance.contracts.stage import GRAIN, NOBODY, ONE, Stage, account, events, reverts

from openscrip.issuance.contracts.artifact import Artifact

REQUEST, OTHER = b"\7" * 32, b"\x08" * 32
DAY = 86_400
REFUSED = "policy: source did not answer"
WAYS = {"reverts": 1, "says nothing": 2, "says two words": 3, "burns all gas": 4, "says half a word": 5, "says a number": 6}
BLAMES_ALL = 7
faulty = pytest.mark.parametrize("way", WAYS)


@cache
def lying() -> Artifact:
    """The source that does as it is told."""
    return compiled("LyingSource")


class Source:
    """A list on this chain, by default an honest one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.place = str(stage.send_data("mallory", None, lying().creation())["contractAddress"])

    def act(self, function: str, *arguments: object) -> None:
        """Tell it how to be, or whom to list."""
        self.stage.send_data("mallory", self.place, lying().call(function, *arguments))

    def put(self, who: str, *, listed: bool = True) -> None:
        """List someone, or no more."""
        self.act("put", account(who), listed)

    def use(self) -> None:
        """The owner names it."""
        self.stage.send(self.stage.at.timelock, "Policy", "set_source", self.place)


@pytest.fixture
def source(stage: Stage) -> Source:
    """An honest source that the policy uses."""
    made = Source(stage)
    made.use()
    return made


def sync(stage: Stage, *names: str) -> list[tuple[str, str, int]]:
    """Let a stranger sync accounts; the events: what happened, to whom, and on which lists it then is."""
    receipt = stage.send("stranger", "Policy", "sync", [account(name) for name in names])
    return [
        (name, topics[0], fields["lists"])
        for name in ("Listed", "Unlisted")
        for topics, fields in events(receipt, "Policy", name)
    ]


def lists(stage: Stage, who: str) -> int:
    """The lists that an account is on: 1 the guardian's, 2 the mirror, 4 the source."""
    found: int = stage.view("Policy", "lists_of", account(who))
    return found


# ---------------------------------------------------------------- the mirror


def keep(stage: Stage, age_s_max: int = DAY, keeper: str = "keeper") -> None:
    """The owner names a keeper."""
    stage.send(stage.at.timelock, "Policy", "set_mirror", account(keeper), age_s_max)


def mirror(stage: Stage, *names: str, as_of: int | None = None, sender: str = "keeper") -> list[tuple[str, int]]:
    """The keeper lists accounts as of now; who was newly listed, and on which lists they then are."""
    stated = stage.now() if as_of is None else as_of
    receipt = stage.send(sender, "Policy", "mirror", [account(name) for name in names], stated)
    assert events(receipt, "Policy", "Mirrored") == [([], {"asOf": stated})]
    return [(topics[0], fields["lists"]) for topics, fields in events(receipt, "Policy", "Listed")]


def test_mirror__without_a_keeper__is_fresh_and_nobody_mirrors(stage: Stage) -> None:
    assert stage.view("Policy", "mirror_is_fresh") is True
    with reverts("policy: caller was not the keeper"):
        stage.send("keeper", "Policy", "mirror", [], stage.now())


def test_set_mirror__says_keeper_and_age__and_is_stale_until_the_keeper_speaks(stage: Stage) -> None:
    receipt = stage.send(stage.at.timelock, "Policy", "set_mirror", account("keeper"), DAY)
    assert events(receipt, "Policy", "MirrorChanged") == [([topic("keeper")], {"ageMax": DAY})]
    assert stage.view("Policy", "keeper") == account("keeper").lower()
    assert stage.view("Policy", "mirror_age_s_max") == DAY
    assert stage.view("Policy", "mirror_is_fresh") is False
    assert mirror(stage) == []
    assert stage.view("Policy", "mirror_is_fresh") is True
    assert stage.view("Policy", "mirror_as_of") == stage.now()


@pytest.mark.parametrize(("keeper", "age", "reason"), [
    ("keeper", 0, "policy: keeper and age were not both given"), (NOBODY, DAY, "policy: keeper and age were not both given"),
    ("keeper", 30 * DAY + 1, "policy: age was out of bounds"), ("keeper", 2**256 - 1, "policy: age was out of bounds"),
])  # fmt: skip
def test_set_mirror__half_given_or_too_old__reverts(stage: Stage, keeper: str, age: int, reason: str) -> None:
    with reverts(reason):
        stage.send(stage.at.timelock, "Policy", "set_mirror", account(keeper), age)
    stage.send(stage.at.timelock, "Policy", "set_mirror", account("keeper"), 30 * DAY)
    with reverts("policy: mirror was unchanged"):
        stage.send(stage.at.timelock, "Policy", "set_mirror", account("keeper"), 30 * DAY)


def test_set_mirror__another_age__keeps_the_mirror__another_keeper_starts_anew(stage: Stage) -> None:
    keep(stage)
    stated = stage.now()
    mirror(stage)
    keep(stage, age_s_max=DAY + 1)
    assert stage.view("Policy", "mirror_as_of") == stated
    assert stage.view("Policy", "mirror_is_fresh") is True
    keep(stage, age_s_max=DAY + 1, keeper="other")
    assert stage.view("Policy", "mirror_as_of") == 0
    assert stage.view("Policy", "mirror_is_fresh") is False
    with reverts("policy: caller was not the keeper"):
        mirror(stage)
    mirror(stage, as_of=stated - 5, sender="other")


def test_mirror__at_its_greatest_age__is_fresh__and_a_second_later_is_not(stage: Stage) -> None:
    keep(stage, age_s_max=100)
    mirror(stage)
    stage.pass_time(100)
    assert stage.view("Policy", "mirror_is_fresh") is True
    stage.pass_time(1)
    assert stage.view("Policy", "mirror_is_fresh") is False
    mirror(stage)
    assert stage.view("Policy", "mirror_is_fresh") is True


def test_mirror__lists_whoever_is_not_yet_mirrored__once(stage: Stage) -> None:
    keep(stage)
    stage.send("guardian", "Policy", "list_address", account("bob"))
    assert mirror(stage, "carol", "bob", "carol") == [(topic("carol"), 2), (topic("bob"), 3)]
    assert mirror(stage, "carol", "dave") == [(topic("dave"), 2)]
    assert [lists(stage, name) for name in ("alice", "bob", "carol", "dave")] == [0, 3, 2, 2]
    assert stage.view("Policy", "isSanctioned", account("dave")) is True
    with reverts("policy: sender was listed"):
        stage.send("bob", "StockToken", "transfer", account("alice"), 1)


def test_mirror__of_the_future_or_going_back__reverts(stage: Stage) -> None:
    keep(stage)
    with reverts("policy: mirror was of the future"):
        mirror(stage, as_of=stage.now() + 1)
    stated = stage.now()
    mirror(stage, as_of=stated)
    mirror(stage, as_of=stated)
    with reverts("policy: mirror went back"):
        mirror(stage, as_of=stated - 1)


def test_mirror__of_nobody_or_by_another__reverts_and_lists_none(stage: Stage) -> None:
    keep(stage)
    with reverts("policy: account was zero"):
        stage.send("keeper", "Policy", "mirror", [account("carol"), NOBODY], stage.now())
    for caller in ("guardian", "issuer", stage.at.timelock, "alice"):
        with reverts("policy: caller was not the keeper"):
            mirror(stage, "carol", sender=caller)
    assert lists(stage, "carol") == 0
    assert stage.view("Policy", "mirror_as_of") == 0


def test_mirror__of_two_hundred__fits__and_of_one_more_reverts(stage: Stage) -> None:
    keep(stage)
    names = [f"listed {number}" for number in range(201)]
    with reverts(""):
        mirror(stage, *names)
    assert len(mirror(stage, *names[:200])) == 200
    assert [lists(stage, name) for name in names[199:]] == [2, 0]


def test_stale_mirror__stops_every_mint__and_nothing_else(stage: Stage) -> None:
    name_pool(stage)
    for spender in ("bob", "pool"):
        stage.send("alice", "StockToken", "approve", account(spender), ONE)
    stage.escrow("bob", ONE, OTHER)
    keep(stage)
    with reverts("issuer: mirror was stale"):
        stage.mint()
    with reverts("token: mirror was stale"):
        stage.send("pool", "StockToken", "mint", account("alice"), GRAIN)
    stage.send("alice", "StockToken", "transfer", account("carol"), 1)
    stage.send("bob", "StockToken", "transferFrom", account("alice"), account("carol"), 1)
    stage.send("pool", "StockToken", "burnFrom", account("alice"), GRAIN)
    end(stage, "refund", "bob", OTHER)
    stage.escrow("alice", ONE, REQUEST)
    end(stage, "burn", "alice", REQUEST)
    stage.send("guardian", "StockToken", "freeze", account("bob"), 3)
    stage.send(stage.at.timelock, "StockToken", "recover", account("bob"), account("carol"), ONE, REQUEST, 3)
    mirror(stage)
    stage.mint()
    stage.send("pool", "StockToken", "mint", account("alice"), GRAIN)


def test_set_mirror__to_none__is_an_event_and_mints_go_on(stage: Stage) -> None:
    keep(stage)
    receipt = stage.send(stage.at.timelock, "Policy", "set_mirror", NOBODY, 0)
    assert events(receipt, "Policy", "MirrorChanged") == [([topic(NOBODY)], {"ageMax": 0})]
    stage.mint()
    with reverts("policy: caller was not the keeper"):
        mirror(stage)


def test_unlist__clears_guardian_and_mirror__and_the_mirror_may_list_again(stage: Stage) -> None:
    keep(stage)
    for by_guardian in (False, True):
        mirror(stage, "carol")
        if by_guardian:
            stage.send("guardian", "Policy", "list_address", account("carol"))
        stage.send(stage.at.timelock, "Policy", "unlist_address", account("carol"))
        assert lists(stage, "carol") == 0


# ---------------------------------------------------------------- the source


def test_set_source__says_which_and_which_before(stage: Stage) -> None:
    first, second = Source(stage), Source(stage)
    before = NOBODY
    for each in (first.place, second.place, NOBODY):
        receipt = stage.send(stage.at.timelock, "Policy", "set_source", each)
        assert events(receipt, "Policy", "SourceChanged") == [([topic(before), topic(each)], {})]
        assert stage.view("Policy", "source") == each.lower()
        before = each


@faulty
def test_set_source__that_does_not_answer_as_a_list__reverts(stage: Stage, way: str) -> None:
    made = Source(stage)
    made.act("be", WAYS[way])
    with reverts(REFUSED):
        made.use()
    assert stage.view("Policy", "source") == NOBODY


def test_set_source__without_code_or_that_lists_the_policy_or_is_it__reverts(stage: Stage) -> None:
    with reverts(REFUSED):
        stage.send(stage.at.timelock, "Policy", "set_source", account("carol"))
    with reverts("policy: source was the policy"):
        stage.send(stage.at.timelock, "Policy", "set_source", stage.at.policy)
    made = Source(stage)
    made.put(stage.at.policy)
    with reverts("policy: source listed the policy"):
        made.use()
    made.put(stage.at.policy, listed=False)
    made.use()
    with reverts("policy: source was unchanged"):
        made.use()


def test_sync__by_anyone__follows_the_source_both_ways(stage: Stage, source: Source) -> None:
    source.put("alice")
    source.put("bob")
    assert sync(stage, "alice", "bob", "carol") == [("Listed", topic("alice"), 4), ("Listed", topic("bob"), 4)]
    with reverts("policy: sender was listed"):
        stage.send("alice", "StockToken", "transfer", account("carol"), 1)
    assert sync(stage, "alice", "carol", "alice") == []
    source.put("alice", listed=False)
    assert sync(stage, "alice", "bob") == [("Unlisted", topic("alice"), 0)]
    stage.send("alice", "StockToken", "transfer", account("carol"), 1)
    assert [lists(stage, name) for name in ("alice", "bob", "carol")] == [0, 4, 0]


def test_sync__leaves_the_other_lists_alone__and_they_leave_it(stage: Stage, source: Source) -> None:
    keep(stage)
    source.put("carol")
    stage.send("guardian", "Policy", "list_address", account("carol"))
    mirror(stage, "carol")
    assert sync(stage, "carol") == [("Listed", topic("carol"), 7)]
    receipt = stage.send(stage.at.timelock, "Policy", "unlist_address", account("carol"))
    assert events(receipt, "Policy", "Unlisted") == [([topic("carol")], {"lists": 4})]
    assert stage.view("Policy", "isSanctioned", account("carol")) is True
    with reverts("policy: account was not listed"):
        stage.send(stage.at.timelock, "Policy", "unlist_address", account("carol"))
    stage.send("guardian", "Policy", "list_address", account("carol"))
    source.put("carol", listed=False)
    assert sync(stage, "carol") == [("Unlisted", topic("carol"), 1)]


def test_sync__without_a_source__frees_whom_the_last_one_listed(stage: Stage, source: Source) -> None:
    source.put("carol")
    sync(stage, "carol")
    stage.send(stage.at.timelock, "Policy", "set_source", NOBODY)
    assert lists(stage, "carol") == 4
    assert sync(stage, "carol", "bob") == [("Unlisted", topic("carol"), 0)]


def test_sync__of_nobody__reverts_if_the_source_lists_it__and_mints_go_on(stage: Stage, source: Source) -> None:
    source.act("be", BLAMES_ALL)
    with reverts("policy: account was zero"):
        sync(stage, NOBODY)
    stage.mint()


@faulty
def test_source_that_fails__makes_only_sync_revert(stage: Stage, source: Source, way: str) -> None:
    source.put("bob")
    sync(stage, "bob")
    stage.escrow("alice", 2 * ONE, OTHER)
    source.act("be", WAYS[way])
    with reverts(REFUSED):
        sync(stage, "alice")
    assert [lists(stage, name) for name in ("alice", "bob")] == [0, 4]
    stage.send("alice", "StockToken", "transfer", account("carol"), ONE)
    stage.mint()
    stage.escrow("alice", ONE, REQUEST)
    end(stage, "burn", "alice", REQUEST)
    end(stage, "refund", "alice", OTHER)
    stage.send("guardian", "StockToken", "freeze", account("bob"), 1)
    stage.send(stage.at.timelock, "StockToken", "recover", account("bob"), account("carol"), ONE, REQUEST, 1)
    stage.send(stage.at.timelock, "Policy", "set_source", NOBODY)
    assert sync(stage, "bob") == [("Unlisted", topic("bob"), 0)]


def test_source_that_lists_everyone__locks_neither_exit_nor_recovery_nor_its_removal(stage: Stage, source: Source) -> None:
    """Anyone may sync what it says, of the contracts too; whoever nobody synced goes on."""
    stage.escrow("bob", ONE, REQUEST)
    source.act("be", BLAMES_ALL)
    sync(stage, stage.at.issuer, stage.at.timelock, stage.at.policy, stage.token, "guardian", "bob")
    stage.escrow("alice", ONE, OTHER)
    end(stage, "refund", "alice", OTHER)
    end(stage, "burn", "bob", REQUEST)
    stage.send("guardian", "StockToken", "freeze", account("bob"), 1)
    stage.send(stage.at.timelock, "StockToken", "recover", account("bob"), account("carol"), ONE, REQUEST, 1)
    stage.send(stage.at.timelock, "Policy", "set_source", NOBODY)
    assert len(sync(stage, stage.at.issuer, "bob")) == 2


def test_source_that_is_dear__is_heard_within_its_bound__and_not_beyond(stage: Stage, source: Source) -> None:
    source.put("carol")
    source.act("spend", 90_000)
    assert sync(stage, "carol") == [("Listed", topic("carol"), 4)]
    source.act("spend", 101_000)
    with reverts(REFUSED):
        sync(stage, "carol")


def test_sync__of_two_hundred__fits__and_of_one_more_reverts(stage: Stage, source: Source) -> None:
    names = [f"account {number}" for number in range(201)]
    source.put(names[199])
    assert sync(stage, *names[:200]) == [("Listed", topic(names[199]), 4)]
    with reverts(""):
        sync(stage, *names)
