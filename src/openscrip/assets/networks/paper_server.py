"""The paper network behind HTTP: `python -m openscrip.assets.networks.paper_server [--port N]`.

Under `/v1/accounts/...` and `/v2/...` it answers as the vendor does; under `/paper/...` a drill opens accounts, links them,
switches faults on, and reads what happened.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from openscrip.assets.networks.paper import PaperNetwork
from openscrip.assets.networks.paper_parts import FAULTS, Account, Fault, Request
from openscrip.assets.paper_rest import Answer, Asked, PaperRest, Routes
from openscrip.kernel.quantities import Shares

PARENT_CHECK_S = 0.5
ACCOUNT = r"/v1/accounts/(?P<account>[^/]+)/tokenization"


def network_routes(network: PaperNetwork) -> Routes:
    """Every route of the paper network."""
    return (*_vendor_routes(network), *_paper_routes(network))


def _vendor_routes(network: PaperNetwork) -> Routes:
    def known(act: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        def answer(asked: Asked) -> Answer:
            if not network.authorised(asked.headers):
                return Answer(401, {"code": 40110000, "message": "request is not authorized"})
            if asked.method == "POST" and not isinstance(asked.body, dict):
                return Answer(400, {"code": 40010000, "message": "request body format is invalid"})
            return act(asked)

        return answer

    def redeem(asked: Asked) -> Answer:
        key = asked.headers.get("idempotency-key", "").strip()
        if len(key) > 128 or any(not "!" <= each <= "~" for each in key):
            return Answer(400, {"code": 40010000, "message": "invalid idempotency key"})
        return network.callback_redeem(asked.body, asked.raw, key)

    def mint(asked: Asked) -> Answer:
        account = asked.groups.get("account") or asked.headers.get("apca-api-key-id", "")
        return network.mint(account, asked.body, asked.headers.get("idempotency-key", ""))

    def by(name: str) -> Callable[[Asked], Answer]:
        def find(asked: Asked) -> Answer:
            value = asked.query.get(name, "")
            if not value:
                return Answer(422, {"code": 42210001, "message": f"{name} is required"})
            return network.found(lambda request: getattr(request, name) == value, value)

        return find

    def one(asked: Asked) -> Answer:
        return network.found(lambda request: request.id == asked.groups["id"], asked.groups["id"])

    def several(asked: Asked) -> Answer:
        names = {"type": "type", "status": "status", "underlying_symbol": "symbol", "network": "network"}
        chosen = {field: asked.query[name] for name, field in names.items() if asked.query.get(name)}
        found = [each for each in network.requests.values() if all(getattr(each, f) == v for f, v in chosen.items())]
        return Answer(200, [network.told(each) for each in reversed(found)])

    routes: list[tuple[str, str, Callable[[Asked], Answer]]] = [
        ("POST", rf"{ACCOUNT}/callback/mint", known(lambda asked: network.callback_mint(asked.body))),
        ("POST", rf"{ACCOUNT}/callback/redeem", known(redeem)),
        ("POST", rf"{ACCOUNT}/mint", known(mint)),
        ("POST", r"/v2/tokenization/mint", mint),
    ]
    for root in (ACCOUNT, r"/v2/tokenization"):
        routes += [
            ("GET", rf"{root}/requests", known(several)),
            ("GET", rf"{root}/requests:by_issuer_request_id", known(by("issuer_request_id"))),
            ("GET", rf"{root}/requests:by_client_request_id", known(by("client_request_id"))),
            ("GET", rf"{root}/requests/(?P<id>[^/:]+)", known(one)),
        ]
    return routes


def _paper_routes(network: PaperNetwork) -> Routes:
    def issuer(asked: Asked) -> Answer:
        network.issuer_url, network.issuer_key = str(asked.body["url"]), str(asked.body["key"])
        return Answer(200, {})

    def account(asked: Asked) -> Answer:
        positions = {symbol: Shares.parse(qty).atoms for symbol, qty in asked.body.get("positions", {}).items()}
        network.accounts[asked.body["id"]] = Account(asked.body["id"], asked.body.get("email", ""), positions=positions)
        return Answer(200, {})

    def connect(asked: Asked) -> Answer:
        status, told = network.connect(asked.body["id"])
        return Answer(200, {"status": status, "told": told})

    def tokens(_: Asked) -> Answer:
        status, told = network.tokens()
        return Answer(200, {"status": status, "told": told})

    def faults(asked: Asked) -> Answer:
        wanted = [Fault(each["name"], int(each.get("times", 1)), each.get("only", "")) for each in asked.body["faults"]]
        if any(each.name not in FAULTS for each in wanted):
            return Answer(400, {"code": 40010000, "message": "unknown fault"})
        network.faults = wanted
        return Answer(200, {})

    def delivery(asked: Asked) -> Answer:
        atoms = Shares.parse(asked.body["qty"]).atoms
        network.deliver(asked.body["id"], asked.body["symbol"], atoms if asked.body["way"] == "in" else -atoms)
        return Answer(200, {})

    def release(asked: Asked) -> Answer:
        network.release(asked.body["issuer_request_id"])
        return Answer(200, {})

    def state(_: Asked) -> Answer:
        return Answer(200, network_state(network))

    return (
        ("POST", "/paper/issuer", issuer),
        ("POST", "/paper/accounts", account),
        ("POST", "/paper/connect", connect),
        ("GET", "/paper/tokens", tokens),
        ("POST", "/paper/faults", faults),
        ("POST", "/paper/deliveries", delivery),
        ("POST", "/paper/release", release),
        ("GET", "/paper/state", state),
    )


def network_state(network: PaperNetwork) -> dict[str, Any]:
    """What happened: accounts with their shares, journals, requests, and what the issuer called."""

    def positions(atoms: dict[str, int]) -> dict[str, str]:
        return {symbol: str(Shares(count)) for symbol, count in atoms.items()}

    def request(each: Request) -> dict[str, Any]:
        return asdict(each)

    return {
        "accounts": {
            each.id: {"client": each.client, "positions": positions(each.positions)} for each in network.accounts.values()
        },
        "journals": [asdict(each) for each in network.journals],
        "requests": [request(each) for each in network.requests.values()],
        "heard": network.heard,
    }


def main() -> None:
    """Serve until SIGTERM; one ready line in JSON on standard output."""
    parser = argparse.ArgumentParser(prog="paper-network", description="A paper tokenisation network on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--credential", default="", help="what the issuer's calls must carry; empty: anything")
    parser.add_argument("--older", action="store_true", help="call the issuer by the older paths and names")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    arguments = parser.parse_args()
    network = PaperNetwork(credential=arguments.credential, older=arguments.older)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    with PaperRest(network_routes(network), arguments.port) as rest, suppress(KeyboardInterrupt):
        sys.stdout.write(json.dumps({"ready": "paper-network", "url": rest.url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        while not stop.wait(PARENT_CHECK_S):
            if arguments.die_with_parent and os.getppid() != parent:
                break


if __name__ == "__main__":
    main()
