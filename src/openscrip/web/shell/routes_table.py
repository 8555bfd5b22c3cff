"""Who may ask what: every route has its line here, and one without is answered to nobody.

`public` is everybody; `wallet` a wallet that signed in; `investor` a client of ours; `desk` anybody of the desk, where an
`auditor` only reads; else the roles of which one is needed: `operator` there is the role, not the person. What is not GET
needs, besides, a page of ours and its token.
"""

from collections.abc import Mapping

from starlette.requests import Request

from openscrip.kernel.errors import Malformed
from openscrip.web.shell.current import current_of
from openscrip.web.shell.forms import refuse_elsewhere, refuse_tokenless
from openscrip.web.shell.limits import address_of
from openscrip.web.shell.visitors import investor, operator, visitor_of, wallet

PUBLIC, WALLET, INVESTOR, OPERATOR = "public", "wallet", "investor", "desk"
TOKENLESS = frozenset({"POST /theme"})
"""What changes nothing but the looks, and is on pages that give nobody a session."""

ROUTES: Mapping[str, str] = {
    # the shell
    "GET /static/{version}/{name:path}": PUBLIC,
    "GET /vendor/{name:path}": PUBLIC,
    "GET /health": PUBLIC,
    "GET /theme": PUBLIC,
    "POST /theme": PUBLIC,
    "GET /sign-in": PUBLIC,
    "POST /sign-in/challenge": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-out": PUBLIC,
    "GET /security": PUBLIC,
    "POST /security/sessions/end": PUBLIC,
    "POST /security/passkeys": OPERATOR,
    "POST /security/passkeys/remove": OPERATOR,
    "POST /security/keys": PUBLIC,
    "POST /security/keys/revoke": PUBLIC,
    "GET /desk/sign-in": PUBLIC,
    "POST /desk/sign-in": PUBLIC,
    "POST /desk/sign-in/wallet": PUBLIC,
    "GET /desk/enrol/{secret}": PUBLIC,
    "POST /desk/enrol/{secret}": PUBLIC,
    # design system and live data
    "GET /events": PUBLIC,
    "GET /style": PUBLIC,
    "GET /style/coverage.json": PUBLIC,
    "GET /style/coverage.csv": PUBLIC,
    "GET /licences": PUBLIC,
    # transparency and activity
    "GET /": PUBLIC,
    "GET /stocks.csv": PUBLIC,
    "GET /stocks/{symbol}": PUBLIC,
    "GET /stocks/{symbol}/coverage": PUBLIC,
    "GET /stocks/{symbol}/coverage.json": PUBLIC,
    "GET /stocks/{symbol}/coverage.csv": PUBLIC,
    "GET /stocks/{symbol}/multiplier": PUBLIC,
    "GET /stocks/{symbol}/multiplier.json": PUBLIC,
    "GET /stocks/{symbol}/multiplier.csv": PUBLIC,
    "GET /actions": PUBLIC,
    "GET /actions.csv": PUBLIC,
    "GET /actions/{action_id}": PUBLIC,
    "GET /reports": PUBLIC,
    "GET /reports/index.json": PUBLIC,
    "GET /reports/files/{name}": PUBLIC,
    "GET /reports/{name}": PUBLIC,
    "GET /check": PUBLIC,
    "GET /check/proofs/{label}/{symbol}/{bucket}.json": PUBLIC,
    "GET /who": PUBLIC,
    "GET /who.csv": PUBLIC,
    "GET /terms": PUBLIC,
    "GET /status": PUBLIC,
    "GET /status.atom": PUBLIC,
    "GET /activity": PUBLIC,
    "GET /activity/{symbol}": PUBLIC,
    "GET /activity/{symbol}/days.csv": PUBLIC,
    "GET /activity/{symbol}/days.json": PUBLIC,
    "GET /activity/{symbol}/venue.csv": PUBLIC,
    "GET /activity/{symbol}/venue.json": PUBLIC,
    "GET /activity/{symbol}/depth.json": PUBLIC,
    # investors
    "GET /join": PUBLIC,
    "POST /join": WALLET,
    "POST /join/identity": WALLET,
    "POST /join/terms": WALLET,
    "POST /join/wallet/challenge": WALLET,
    "POST /join/wallet": WALLET,
    "POST /practice/wallet": PUBLIC,
    "POST /practice/evm": PUBLIC,
    "POST /practice/solana": PUBLIC,
    "POST /practice/fund": WALLET,
    "POST /practice/clock": WALLET,
    "POST /practice/report": WALLET,
    "POST /orders/{order_id}/simulated-payment": INVESTOR,
    "GET /simulated-identity/{subject}": WALLET,
    "POST /simulated-identity/{subject}": WALLET,
    "GET /holdings": INVESTOR,
    "GET /dividends": INVESTOR,
    "GET /notices": INVESTOR,
    "GET /orders": INVESTOR,
    "GET /orders/{order_id}": INVESTOR,
    "GET /orders/{order_id}/cancel": INVESTOR,
    "POST /orders/{order_id}/cancel": INVESTOR,
    "POST /orders/{order_id}/transaction": INVESTOR,
    "POST /orders/{order_id}/transaction/signed": INVESTOR,
    "GET /subscribe": INVESTOR,
    "POST /subscribe": INVESTOR,
    "GET /subscribe/{quote_id}": INVESTOR,
    "POST /subscribe/{quote_id}": INVESTOR,
    "GET /redeem": INVESTOR,
    "POST /redeem": INVESTOR,
    "GET /redeem/review": INVESTOR,
    "POST /redeem/confirm": INVESTOR,
    "GET /documents": INVESTOR,
    "GET /documents/statement-{label}.{form}": INVESTOR,
    "GET /documents/tax-{label}.{form}": INVESTOR,
    "GET /documents/receipt-{order_id}.json": INVESTOR,
    # the desk
    "GET /desk": OPERATOR,
    "GET /desk/queues/{kind}": OPERATOR,
    "GET /desk/items/{kind}/{item_id:path}": OPERATOR,
    "GET /desk/queues/venue-{name}": OPERATOR,
    "GET /desk/items/venue-{name}/{item_id:path}": OPERATOR,
    "POST /desk/decisions/breaks": "operator",
    "POST /desk/decisions/cases": "compliance",
    "POST /desk/decisions/questions": "operator approver",
    "POST /desk/decisions/held-subscriptions": "operator",
    "POST /desk/decisions/held-redemptions": "operator",
    "POST /desk/decisions/held-creations": "operator",
    "POST /desk/decisions/held-network-redemptions": "operator",
    "POST /desk/decisions/deposits": "operator",
    "POST /desk/decisions/crossings": "compliance",
    "POST /desk/decisions/commands": "operator",
    "POST /desk/decisions/venue-withdrawals": "operator",
    "POST /desk/decisions/venue-deposits": "operator",
    "POST /desk/decisions/venue-commands": "operator",
    "GET /desk/approvals": OPERATOR,
    "GET /desk/approvals/{approval_id:path}": OPERATOR,
    "POST /desk/decisions/approve": "operator approver compliance admin",
    "POST /desk/decisions/deny": "operator approver compliance admin",
    "GET /desk/audit": OPERATOR,
    "GET /desk/ledger": OPERATOR,
    "GET /desk/health": OPERATOR,
    "GET /desk/search": OPERATOR,
    # trading
    "GET /trade": PUBLIC,
    "GET /trade/money": INVESTOR,
    "GET /trade/money/send": INVESTOR,
    "POST /trade/money/send": INVESTOR,
    "POST /trade/money/send/signed": INVESTOR,
    "GET /trade/money/sent/{place}/{tx_id}": INVESTOR,
    "GET /trade/money/taken/{passage_id}": INVESTOR,
    "POST /trade/money/take": INVESTOR,
    "POST /trade/money/know": INVESTOR,
    "GET /trade/{pair}": PUBLIC,
    "GET /trade/{pair}/market": PUBLIC,
    "GET /trade/{pair}/ticket": PUBLIC,
    "GET /trade/{pair}/account": PUBLIC,
    "GET /trade/{pair}/candles": PUBLIC,
    "GET /trade/{pair}/candles.csv": PUBLIC,
    "POST /trade/open": INVESTOR,
    "POST /trade/token": INVESTOR,
    "POST /trade/pay-in": INVESTOR,
    "POST /trade/{pair}/orders": INVESTOR,
    "POST /trade/{pair}/amend": INVESTOR,
    "POST /trade/{pair}/cancel": INVESTOR,
}
"""`METHOD /path/{as}/{declared}`: who may."""


def admit(request: Request) -> None:
    """Before every route: let in whom its line names, and of what changes anything only what our own pages sent."""
    current = current_of(request)
    name = f"{request.method} {route_of(request)}"
    who = ROUTES.get(name)
    if who is None:
        raise Malformed("page.unknown", "page: nobody may ask for this")
    if request.method not in {"GET", "HEAD"}:
        refuse_elsewhere(current)
        known = visitor_of(current)
        current.shell.limits.spend("forms", known.owner or address_of(request), current.shell.now())
    if who == WALLET:
        wallet(request)
    elif who == INVESTOR:
        investor(request)
    elif who != PUBLIC:
        operator(request, *(() if who == OPERATOR else who.split()))
    if request.method not in {"GET", "HEAD"} and name not in TOKENLESS:
        refuse_tokenless(current)


def route_of(request: Request) -> str:
    """The path as the route declares it."""
    return str(getattr(request.scope.get("route"), "path", ""))
