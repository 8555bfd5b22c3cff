"""The command line's words. Each command names the function that does it, loaded when it is called."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from openscrip.cli.actions import add_actions
from openscrip.cli.api_keys import add_api_keys
from openscrip.cli.compliance_words import add_compliance
from openscrip.cli.desk import add_desk
from openscrip.cli.keeping_options import add_keeping
from openscrip.cli.ledger import add_ledger
from openscrip.cli.node_options import add_clock
from openscrip.cli.operators import add_operators
from openscrip.cli.paper import add_paper_broker, add_paper_custodian
from openscrip.cli.solana_node import add_solana_node
from openscrip.cli.venue import add_venue
from openscrip.cli.venue_keys import add_venue_keys
from openscrip.cli.venue_money import add_venue_money
from openscrip.cli.venue_tools import add_replay
from openscrip.cli.venue_tools_mm import add_liquidity
from openscrip.cli.web import add_web

DESCRIPTION = "Real shares in, tokens out, and back, provably."


class WrongUsage(Exception):
    """The command line could not be read."""


class _Parser(argparse.ArgumentParser):
    """Fails with `WrongUsage` instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """What was wrong, and where to read how."""
        raise WrongUsage(f"{message}; `{self.prog} --help` tells how")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    everywhere = _Parser(add_help=False)
    _add_everywhere(everywhere, argparse.SUPPRESS)
    top = _Parser(prog="openscrip", description=DESCRIPTION, allow_abbrev=False)
    _add_everywhere(top, None)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, what: str, module: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=what, parents=[everywhere], allow_abbrev=False)
        made.set_defaults(run=_later(module, name.replace("-", "_")))
        return made

    command("demo", "play the whole story, from a subscription to the proof", "stack")
    _add_up(command("up", "start everything and run until interrupted", "stack"))
    _add_worker(command("worker", "one more worker process beside a running `openscrip up`", "workers"))
    add_keeping(command)
    _add_verify(command("verify", "prove from chains, custodian and ledger that every token is covered", "checks"))
    command("powers", "who holds which power on every chain, and whether one key could break two-key rules", "checks")
    token_list = command("tokenlist", "the tokens as wallets read them: a list by Uniswap's schema, in JSON", "publishing")
    token_list.add_argument("--out", type=Path, default=None, help="write it to this file, numbered after what stands there")
    command("status", "what is listed, owed and held, and what waits", "market")
    command("list-stock", "list a stock on both chains", "market").add_argument("symbol", help="such as TSLA")
    _add_subscribe(command("subscribe", "money into tokens", "orders"))
    _add_redeem(command("redeem", "tokens into shares or money", "orders"))
    cancel = command("cancel", "take an order back that is not paid, or whose tokens are not being burned yet", "orders")
    cancel.add_argument("request_id", help="of the order")
    cancel.add_argument("--client", required=True, help="whose order it is")
    add_desk(command)
    _add_cross(command("cross", "a holder's tokens to another chain, with a key in the data folder", "crossings"))
    _add_crossings(command("crossings", "tokens under way between chains, and what became of them", "crossings"))
    _add_lanes(command("lanes", "the lanes between the chains of a stock", "crossings"))
    _add_report(command("report", "write the reserve report of a month, or one holder's proof", "reports"))
    _add_wind_down(command("wind-down", "the payment list by address, from the public record alone", "reports"))
    accepted = command("accept-break", "close a difference as it is, so that mints of its stock go on", "market")
    accepted.add_argument("id", help="of the break, as status tells it")
    accepted.add_argument("--by", required=True, help="who decides")
    accepted.add_argument("--reason", required=True, help="why it may differ")
    add_actions(command("actions", "corporate actions, and what waits for an operator", "actions"), everywhere, _later)
    add_ledger(command("ledger", "the books: trial balance, statements, closed periods, export", "ledger"))
    add_compliance(command("compliance", "cases, persons, sanctions lists and rules", "compliance"), everywhere)
    _add_holders(command("holders", "who holds a token, with one root for all and a proof for each", "holders"))
    simulate = command("simulate", "the same decisions against a hostile world in memory", "checks")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed gives the same run (1)")
    simulate.add_argument("--subscriptions", type=int, default=1000, help="how many (1000)")
    simulate.add_argument("--years", type=int, default=0, help="through so many market years, the data again and again")
    add_venue(command)
    add_venue_keys(command)
    add_venue_money(command)
    add_liquidity(command)
    add_replay(command)
    add_web(command)
    add_operators(command, everywhere)
    add_api_keys(command, everywhere)
    parties = command("entities", "who does what for each product, and who contracts with whom", "entities")
    parties.add_argument("--product", default="", help="only of this one, such as CSPX")
    command("doctor", "what is set, and what is wrong", "checks")
    _add_evm_node(command("evm-node", "run the local EVM chain of a data folder by itself", "nodes"))
    add_paper_broker(command("paper-broker", "a broker to test against: FIX 4.2 acceptor and back office", "paper"))
    add_paper_custodian(command("paper-custodian", "a custodian to test against: ISO 20022 messages, and a bank", "paper"))
    add_solana_node(command("solana-node", "run the local Solana chain of a data folder by itself", "solana_node"))
    return top


def _add_crossings(crossings: argparse.ArgumentParser) -> None:
    crossings.add_argument("--state", default="", help="only those, such as held")
    crossings.add_argument("--release", metavar="ID", default="", help="let a held one go on")
    crossings.add_argument("--by", default="", help="with --release: who decides")
    crossings.add_argument("--reason", default="", help="with --release: why it may")


def _add_lanes(lanes: argparse.ArgumentParser) -> None:
    lanes.add_argument("stock", help="such as TSLA")
    step = lanes.add_mutually_exclusive_group()
    step.add_argument("--propose", dest="step", action="store_const", const="propose", default="", help="start the day's wait")
    step.add_argument("--open", dest="step", action="store_const", const="open", help="when the wait is over")


def _add_everywhere(to: argparse.ArgumentParser, default: Any) -> None:
    to.add_argument("--data", type=Path, default=default, help="the folder of this run (OPENSCRIP_DATA, ./var)")
    to.add_argument("--config", type=Path, default=default, help="settings in TOML (DATA/openscrip.toml)")
    absent = False if default is None else default
    to.add_argument("--json", action="store_true", default=absent, help="answer in JSON")


def _add_up(up: argparse.ArgumentParser) -> None:
    clock = up.add_mutually_exclusive_group()
    clock.add_argument("--live", dest="clock", action="store_const", const="live", help="market time is the wall clock")
    clock.add_argument(
        "--accelerated",
        dest="clock",
        action="store_const",
        const="accelerated",
        help="market time is moved: by --pace, or by hand",
    )
    up.add_argument("--start", default="", help="first instant of accelerated time, such as 2024-06-03T12:00:00Z")
    up.add_argument("--pace", type=int, default=0, help="seconds of market time in each second (0: it stands)")
    up.add_argument("--evm-chains", type=int, default=0, help="how many local EVM chains (evm.local_chains, 1)")
    up.add_argument("--no-venue", action="store_true", help="without the venue (venue.up)")
    up.add_argument("--no-web", action="store_true", help="without the pages (web.up)")
    up.add_argument(
        "--maker", default="", help="stocks of which a played market maker quotes the token against USD, such as TSLA"
    )
    up.add_argument("--workers", type=int, default=0, help="how many worker processes (work.workers, 1)")
    up.add_argument("--list", default="TSLA,NVDA,AAPL", help="stocks to list in a new data folder")


def _add_worker(to: argparse.ArgumentParser) -> None:
    to.add_argument("--name", required=True, help="its own among the live ones, such as worker-2")
    to.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")


def _add_evm_node(to: argparse.ArgumentParser) -> None:
    to.add_argument("--port", default=None, help="where it answers on 127.0.0.1; 0 takes a free port (ports.evm_rpc, 8545)")
    to.add_argument("--chain-id", default=None, help="EIP-155 id of the chain (evm.chain_id, 31337)")
    add_clock(to)


def _add_verify(to: argparse.ArgumentParser) -> None:
    what = to.add_mutually_exclusive_group()
    what.add_argument("--report", type=Path, default=None, help="check this reserve report instead, without a network")
    what.add_argument("--venue", default=None, help="check what a venue says that it owes its customers: a file, or its URL")
    to.add_argument(
        "--nodes", type=Path, default=None, help="with --venue: where chains and banks answer (DATA/venue/nodes.json)"
    )
    to.add_argument("--proof", type=Path, default=None, help="with --report or --venue: a holder's or customer's proof")
    to.add_argument("--previous", type=Path, default=None, help="with --report or --venue: the one before it")
    to.add_argument("--page", type=Path, default=None, help="with --report: its page, where it does not lie beside")
    to.add_argument("--known-keys", type=Path, default=None, help="the parties' keys as you know them, JSON")


def _add_report(to: argparse.ArgumentParser) -> None:
    to.add_argument("--month", default="", help="such as 2024-06 (the month that market time is in, up to now)")
    to.add_argument("--proof", metavar="HOLDER", default="", help="instead: that this address was counted, with --of")
    to.add_argument("--of", type=Path, default=None, help="with --proof: the report's JSON file")
    to.add_argument("--stock", default="", help="with --proof: such as TSLA")
    to.add_argument("--chain", default="evm", help="with --proof: the chain that the holder is on (evm)")


def _add_wind_down(to: argparse.ArgumentParser) -> None:
    to.add_argument("--watch-config", type=Path, default=None, help="the watch's JSON file (DATA/watch/config.json)")
    to.add_argument("--out", type=Path, required=True, help="folder for the payment lists")
    to.add_argument("--resolvers", type=Path, default=None, help="JSON of pools and venues to look through")


def _add_holders(to: argparse.ArgumentParser) -> None:
    to.add_argument("token", help="a stock, a token's symbol, or its address")
    to.add_argument("--chain", default="evm", help="evm or solana (evm)")
    to.add_argument("--block", type=int, default=None, help="at the end of this block or slot (the last one that was read)")
    form = to.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="every holder, one a line")
    form.add_argument("--proof", metavar="ADDRESS", default="", help="the proof of one holder, for tools/check_proof.py")


def _add_order(to: argparse.ArgumentParser) -> None:
    to.add_argument("--client", required=True, help="who asks")
    to.add_argument("--chain", required=True, help="evm or solana")
    to.add_argument("--wallet", default="", help="the client's wallet; the attested one if there is none named")
    to.add_argument("--request-id", default="", help="the request's own id: the same again is the same request")
    to.add_argument("--paper", action="store_true", help="play the investor too: wallet, bank and escrow")
    to.add_argument("--wait", action="store_true", help="follow it to its end; accelerated time is moved on")


def _add_subscribe(to: argparse.ArgumentParser) -> None:
    to.add_argument("stock", help="such as TSLA")
    to.add_argument("shares", help="decimal, such as 10 or 0.5")
    _add_order(to)
    to.add_argument("--at-once", action="store_true", help="from the issuer's settled inventory")
    to.add_argument("--quote", default="", help="the quote that it uses")
    to.add_argument("--funding", default="bank", help="bank, or a stablecoin such as tusd")
    to.add_argument("--pay-chain", default="", help="with --funding: the chain that the coins come from (that of the tokens)")
    to.add_argument("--country", default="DE", help="with --paper: nationality and residence of a new client (DE)")


def _add_cross(to: argparse.ArgumentParser) -> None:
    to.add_argument("stock", help="such as TSLA")
    to.add_argument("raw", help="raw tokens, decimal")
    to.add_argument("--client", required=True, help="whose key signs")
    to.add_argument("--from", dest="source", required=True, help="the chain that they leave, such as evm")
    to.add_argument("--to", dest="destination", required=True, help="the chain where they arrive, such as solana")
    to.add_argument("--receiver", default="", help="a wallet there; the client's own if there is none named")
    to.add_argument("--request-id", default="", help="the departure's own id, once for ever")
    to.add_argument("--wait", action="store_true", help="follow it until it arrived")


def _add_redeem(to: argparse.ArgumentParser) -> None:
    to.add_argument("stock", help="such as TSLA")
    to.add_argument("raw", help="raw tokens, decimal")
    _add_order(to)
    kind = to.add_mutually_exclusive_group(required=True)
    kind.add_argument("--in-kind", metavar="ACCOUNT", default="", help="deliver shares to this account")
    kind.add_argument("--cash", action="store_true", help="sell the shares and pay the proceeds")
    to.add_argument("--quote", default="", help="the quote whose fees it pays")
    to.add_argument("--paid-in", default="bank", help="with --cash: bank, or a stablecoin such as tusd")


def _later(module: str, name: str) -> Callable[..., int]:
    def run(asked: argparse.Namespace, voice: Any) -> int:
        return int(getattr(import_module(f"openscrip.cli.{module}"), name)(asked, voice))

    return run
