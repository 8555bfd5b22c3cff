"""What the contracts' views must answer if the model is right."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from eth_abi.abi import encode
from tests.issuance.contracts.machine.crowd import Ask
from tests.issuance.contracts.model.issuer import ARRIVAL, ISSUANCE, SUCCESSION, Issuer
from tests.issuance.contracts.model.price import Price
from tests.issuance.contracts.model.reasons import NOBODY
from tests.issuance.contracts.model.token import Token
from tests.issuance.contracts.model.world import World

from openscrip.issuance.contracts.artifact import own, type_of

_ERROR = bytes.fromhex("08c379a0")


class View(NamedTuple):
    """A view with what it must answer, or the words of its refusal."""

    contract: str
    at: str
    function: str
    arguments: tuple[object, ...]
    values: tuple[object, ...]
    words: str = ""

    @property
    def ask(self) -> Ask:
        """What is sent."""
        return Ask(self.at, call_data(self.contract, self.function, self.arguments))

    @property
    def answer(self) -> bytes:
        """What must come back."""
        if self.words:
            return _ERROR + encode(["string"], [self.words])
        if all(type(value) is int and value >= 0 for value in self.values):
            return b"".join(int(str(value)).to_bytes(32) for value in self.values)
        return encoded(self.contract, self.function, self.values)


@lru_cache(100_000)
def call_data(contract: str, function: str, arguments: tuple[object, ...]) -> bytes:
    """The data of a view's call."""
    return own(contract).call(function, *arguments)


@lru_cache(100_000)
def encoded(contract: str, function: str, values: tuple[object, ...]) -> bytes:
    """The values as the ABI says a function answers them."""
    entry = next(each for each in own(contract).abi if each["type"] == "function" and each["name"] == function)
    kinds = [type_of(field) for field in entry["outputs"]]
    single_struct = len(kinds) == 1 and kinds[0].endswith(")") and len(values) != 1
    return encode(kinds, [values] if single_struct else values)


def after_every_call(world: World, holders: Iterable[str]) -> Iterator[View]:
    """Every balance, supply, multiplier and epoch, and the signer epoch."""
    for token in world.tokens.values():
        yield standing(token)
        for holder in holders:
            yield View("StockToken", token.at, "balanceOf", (holder,), (token.balances[holder],))
    yield View("Signers", world.signers.at, "signerEpoch", (), (world.signers.epoch,))


def standing(token: Token) -> View:
    """Supply, multipliers and epochs."""
    pending = token.pending
    return View("StockToken", token.at, "standing", (), (
        token.supply, token.multiplier.value, token.multiplier_next, pending.at if pending else 0, token.epoch,
        pending.epoch if pending else token.epoch, token.multiplier.version,
    ))  # fmt: skip


def _left(issuer: Issuer, token: Token) -> Iterator[View]:
    limits = issuer.limits[token.at]
    yield View("Issuer", issuer.at, "limits_of", (token.at,), limits.caps)
    for kind in (ISSUANCE, ARRIVAL, SUCCESSION):
        left = limits.available(kind, token.supply, issuer.block.now)
        yield View("Issuer", issuer.at, "available", (token.at, kind), (left,))


def after_every_block(world: World, accounts: Iterable[str]) -> Iterator[View]:
    """Everything else that does not grow: the powers, the lists, the caps, and what stops or prices each token."""
    accounts = tuple(accounts)
    yield from _of_policy(world, accounts)
    for role, (members, threshold) in world.signers.sets.items():
        yield View("Signers", world.signers.at, "members", (role,), (members,))
        yield View("Signers", world.signers.at, "threshold", (role,), (threshold,))
    yield View("Registry", world.registry.at, "count", (), (len(world.registry.stocks),))
    yield View("Conversion", world.conversion.at, "count", (), (world.conversion.count,))
    for coin in world.coins.values():
        for account in (*accounts, world.conversion.at, world.distributor.at):
            yield View("StockToken", coin.at, "balanceOf", (account,), (coin.balances[account],))  # the same form
    for token in world.tokens.values():
        yield from _of_token(world, token, accounts)
        yield from _of_price(world.registry.prices[token.at])
        yield from _of_actions(world, token)
        yield from _of_feed(world.issuer, token)
        yield from _left(world.issuer, token)
    for (at, destination), lane in world.crossings.lanes.items():
        shown = (lane.window.cap, lane.life_s, lane.window.left_at(world.block.now))
        yield View("Issuer", world.issuer.at, "lane_of", (at, destination), shown)


def _of_policy(world: World, accounts: Iterable[str]) -> Iterator[View]:
    policy, at = world.policy, world.policy.at
    for account in accounts:
        lists = policy.lists_of(account)
        yield View("Policy", at, "lists_of", (account,), (lists,))
        yield View("Policy", at, "isSanctioned", (account,), (lists != 0,))
    yield View("Policy", at, "mirror_is_fresh", (), (policy.mirror_is_fresh(),))
    yield View("Policy", at, "mirror_as_of", (), (policy.mirror_as_of,))
    yield View("Policy", at, "mirror_age_s_max", (), (policy.mirror_age,))
    for name, account in (
        ("owner", policy.owner), ("pendingOwner", policy.pending_owner), ("guardian", policy.guardian),
        ("keeper", policy.keeper), ("ccip_admin", policy.ccip_admin),
        ("source", policy.source.at if policy.source else NOBODY),
    ):  # fmt: skip
        yield View("Policy", at, name, (), (account,))


def _of_token(world: World, token: Token, accounts: Iterable[str]) -> Iterator[View]:
    at, now = token.at, world.block.now
    for account in accounts:
        pool = token.pools.get(account)
        held = (pool.capacity, pool.refill, pool.level_at(now)) if pool else (0, 0, 0)
        yield View("StockToken", at, "freeze_reason", (account,), (token.frozen.get(account, 0),))
        yield View("StockToken", at, "nonces", (account,), (token.nonces[account],))
        yield View("StockToken", at, "pool_of", (account,), held)
    yield View("StockToken", at, "pauses", (), (token.pauses,))
    yield View("StockToken", at, "paused", (), (token.pauses != 0,))
    yield View("StockToken", at, "historyLength", (), (token.entries,))
    yield View("StockToken", at, "multiplierAt", (now,), (token.multiplier_at(now),))
    yield View("StockToken", at, "getCCIPAdmin", (), (world.policy.ccip_admin,))
    for name, text in (
        ("isin", token.isin), ("name", token.name), ("symbol", token.symbol), ("terms", token.terms),
        ("contractURI", token.uri),
    ):  # fmt: skip
        yield View("StockToken", at, name, (), (text,))


def _of_price(price: Price) -> Iterator[View]:
    yield View("PriceFeed", price.at, "latest_price", (), price.state())
    yield View("PriceFeed", price.at, "is_halted", (), (price.halted,))
    unusable, last = price.unusable(), price.last
    if unusable:
        yield View("PriceFeed", price.at, "latestRoundData", (), (), unusable[0])
    elif last:
        answer = (last.sequence, last.price, last.observed_at, last.observed_at, last.sequence)
        yield View("PriceFeed", price.at, "latestRoundData", (), answer)


def _of_actions(world: World, token: Token) -> Iterator[View]:
    actions, at = world.actions, world.actions.at
    yield View("CorporateActions", at, "window", (token.at,), actions.window(token.at))
    yield View("CorporateActions", at, "ended", (token.at,), (actions.ended(token.at),))
    yield View("CorporateActions", at, "successor_of", (token.at,), (actions.successor_of(token.at),))
    known = actions.of(token.at)
    yield View("CorporateActions", at, "action_count", (token.at,), (len(known),))
    for number, action in enumerate(known):
        yield View("CorporateActions", at, "action_at", (token.at, number), (action,))
        yield View("CorporateActions", at, "state_of", (action,), (actions.state_of(action),))


def _of_feed(issuer: Issuer, token: Token) -> Iterator[View]:
    feed = issuer.feeds[token.at]
    yield View("Issuer", issuer.at, "feed_of", (token.at,), (feed.at,))
    yield View("Issuer", issuer.at, "covers", (token.at, 0), (issuer.covers(token.at, 0),))
    if feed.last is None:
        yield View("ReserveFeed", feed.at, "reserve", (), (), "feed: nothing was reported")
        return
    last = feed.last
    yield View("ReserveFeed", feed.at, "reserve", (), (
        last.shares, last.allocation, last.epoch, last.as_of, last.sequence, feed.fresh, last.encumbered, last.in_transit,
    ))  # fmt: skip


def _of_issuer(world: World) -> Iterator[View]:
    issuer = world.issuer
    for request in issuer.requests:
        yield View("Issuer", issuer.at, "request_used", (request,), (True,))
    for kind, evidence in issuer.evidence:
        yield View("Issuer", issuer.at, "evidence_used", (kind, evidence), (True,))
    for origin in issuer.origins:
        yield View("Issuer", issuer.at, "origin_used", (ARRIVAL, origin), (True,))
    for key, each in issuer.redemptions.items():
        shown = (each.holder, each.token, each.raw, each.kind, each.state)
        yield View("Issuer", issuer.at, "redemptions", (key,), shown)
    for key, gone in world.crossings.gone.items():
        yield View("Issuer", issuer.at, "crossing_of", (key,), gone)


def of_everything(world: World) -> Iterator[View]:
    """What grows with every call: allowances, what was used, every redemption, action, pot, claim and deployment."""
    yield from _of_issuer(world)
    for token in world.tokens.values():
        for (owner, spender), raw in token.allowances.items():
            yield View("StockToken", token.at, "allowance", (owner, spender), (raw,))
    actions = world.actions
    for action in actions.known.values():
        yield View("CorporateActions", actions.at, "action", (action.id,), tuple(action))
        change = actions.changes.get(action.id)
        if change:
            yield View("CorporateActions", actions.at, "change_of", (action.id,), tuple(change))
    for action_id, left in world.conversion.pots.items():
        yield View("Conversion", world.conversion.at, "pot", (action_id,), (left,))
    distributor = world.distributor
    for key, found in distributor.open.items():
        about = found.about
        yield View("Distributor", distributor.at, "distributions", (key,), (
            about.coin, about.root, about.total, about.total - found.left, about.deadline, about.remainder_to, found.returned,
        ))  # fmt: skip
        for due in found.due:
            yield View("Distributor", distributor.at, "is_paid", (key, due.number), (due.number in found.paid,))
    for isin, deployments in world.registry.elsewhere.items():
        for number, deployment in enumerate(deployments):
            yield View("Registry", world.registry.at, "deployments", (isin, number), deployment)
    for number, stock in enumerate(world.registry.stocks):
        yield View("Registry", world.registry.at, "stock_at", (number,), tuple(stock))
