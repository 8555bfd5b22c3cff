"""What Kraken says for each rule of ours. Clients read these texts and not the HTTP status, so that a text is a promise."""

from types import MappingProxyType

from openscrip.kernel.errors import Malformed, Refused

TEXTS = MappingProxyType(
    {
        # who asks
        "api.key": "EAPI:Invalid key",
        "api.signature": "EAPI:Invalid signature",
        "api.nonce": "EAPI:Invalid nonce",
        "api.rate": "EAPI:Rate limit exceeded",
        "api.permission": "EGeneral:Permission denied",
        "api.lockout": "EGeneral:Temporary lockout",
        "api.method": "EGeneral:Unknown method",
        "api.flooded": "EGeneral:Too many requests",
        "api.internal": "EGeneral:Internal error",
        "session.token": "ESession:Invalid session",
        "account.stopped": "ETrade:User Locked",
        "account.unknown": "EGeneral:Permission denied",
        # what is asked for
        "request.malformed": "EGeneral:Invalid arguments",
        "query.pair": "EQuery:Unknown asset pair",
        "query.asset": "EQuery:Unknown asset",
        "interval.unknown": "EGeneral:Invalid arguments:interval",
        # orders
        "order.funds": "EOrder:Insufficient funds",
        "order.minimum": "EOrder:Order minimum not met",
        "order.cost": "EOrder:Cost minimum not met",
        "order.tick": "EOrder:Tick size check failed",
        "order.price": "EOrder:Invalid price:Invalid price argument",
        "order.unknown": "EOrder:Unknown order",
        "order.post_only": "EOrder:Post only order",
        "order.reduce_only": "EOrder:Reduce only:No position exists",
        "order.limit": "EOrder:Orders limit exceeded",
        "order.rate": "EOrder:Rate limit exceeded",
        "order.invalid": "EOrder:Invalid order",
        "client_id.used": "EGeneral:Invalid arguments:cl_ord_id",
        "deadline.elapsed": "EService:Deadline elapsed",
        # the market and the venue
        "market.cancel_only": "EService:Market in cancel_only mode",
        "market.post_only": "EService:Market in post_only mode",
        "market.limit_only": "EService:Market in limit_only mode",
        "market.reduce_only": "EService:Market in reduce_only mode",
        "venue.stopped": "EService:Unavailable",
        "venue.busy": "EService:Busy",
    }
)
_BY_KIND = MappingProxyType(
    {
        "order": TEXTS["order.invalid"],
        "market": "EService:Unavailable",
        "venue": "EService:Unavailable",
        "id": TEXTS["order.unknown"],
    }
)
INTERNAL = TEXTS["api.internal"]


def text_of(refused: Refused) -> str:
    """The one line that a client is answered with, such as `EOrder:Insufficient funds`.

    A code `arguments.<name>` names the argument after Kraken's text; one without a text of its own gets that of its kind.
    """
    code = refused.code
    text = TEXTS.get(code)
    if text is not None:
        return text
    kind, _, rest = code.partition(".")
    if kind == "arguments" and rest:
        return f"{TEXTS['request.malformed']}:{rest}"
    return _BY_KIND.get(kind, TEXTS["request.malformed"])


def wrong_argument(name: str, why: str) -> Malformed:
    """The refusal of one argument: `EGeneral:Invalid arguments:<name>`."""
    return Malformed(f"arguments.{name}", f"{name}: {why}")
