"""`quote`, `deposits` and `convert`: prices before they are asked for, coins that came, and coins changed at the bank."""

import secrets
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from openscrip.cli.door import door_of
from openscrip.cli.saying import Voice, table
from openscrip.kernel.errors import Malformed


def add_desk(command: Callable[[str, str, str], ArgumentParser]) -> None:
    """The words of all three."""
    quote_ = command("quote", "what a subscription costs or a redemption brings, promised for a short time", "desk")
    quote_.add_argument("stock", help="such as TSLA")
    size = quote_.add_mutually_exclusive_group(required=True)
    size.add_argument("--shares", default="", help="decimal, such as 10 or 0.5")
    size.add_argument("--usd", default="", help="as many shares as this buys")
    quote_.add_argument("--client", required=True, help="who asks")
    quote_.add_argument("--redeem", action="store_true", help="tokens into money, not money into tokens")
    quote_.add_argument("--instant", action="store_true", help="out of settled inventory, at a fixed price")
    quote_.add_argument("--quote-id", default="", help="the quote's own id: the same again is the same quote")
    deposits_ = command("deposits", "stablecoins that reached the treasury, and what is in suspense", "desk")
    deposits_.add_argument("--state", default="", help="only those, such as suspense")
    word = deposits_.add_mutually_exclusive_group()
    word.add_argument("--return", dest="back", metavar="ID", default="", help="send one in suspense back to its sender")
    word.add_argument("--keep", metavar="ID", default="", help="keep one in suspense where it is")
    _add_signed(deposits_, required=False)
    convert_ = command("convert", "stablecoin of the treasury into dollars at the bank, or back, under two keys", "desk")
    convert_.add_argument("usd", help="decimal, such as 25000")
    convert_.add_argument("--to", choices=("dollars", "stable"), required=True, help="which way")
    convert_.add_argument("--chain", required=True, help="where the coins are, or are to be")
    convert_.add_argument("--asset", default="tusd", help="the coin (tusd)")
    convert_.add_argument("--id", default="", help="the conversion's own id: the same again is the same conversion")
    _add_signed(convert_, required=True)


def _add_signed(to: ArgumentParser, *, required: bool) -> None:
    to.add_argument("--by", required=required, default="", help="who decides")
    to.add_argument("--reason", required=required, default="", help="why")


def quote(asked: Namespace, voice: Voice) -> int:
    """A promised price, or fees."""
    with door_of(asked) as door:
        row = door.post(
            "/v1/quotes",
            id=asked.quote_id or f"quote-{secrets.token_hex(6)}",
            client=asked.client,
            stock=asked.stock,
            side="redeem" if asked.redeem else "subscribe",
            mode="instant" if asked.instant else "order_through",
            shares=asked.shares,
            amount_usd=asked.usd,
        )
    rates = row["rates"]
    verb = "brings about" if asked.redeem else "costs" if asked.instant else "takes a deposit of"
    price = f"{row['shares']} {row['stock']} {verb} {row['amount_usd']} USD in {rates['hours']} hours"
    voice.result(row, f"{row['id']}: {price}; fee {rates['fee']} + {rates['fixed']} USD, until {row['expires_at']}")
    return 0


def deposits(asked: Namespace, voice: Voice) -> int:
    """Deposits of coins; or a word on one of them."""
    with door_of(asked) as door:
        named = asked.back or asked.keep
        if named:
            if not (asked.by and asked.reason):
                raise Malformed("usage.signed", "deposits: --by or --reason was missing; name who decides and why")
            decision = "return" if asked.back else "keep"
            row = door.post("/v1/deposits/decisions", id=named, decision=decision, by=asked.by, reason=asked.reason)
            voice.result(row, f"{row['id']}: {row['state']}")
            return 0
        rows = door.get(f"/v1/deposits?state={asked.state}" if asked.state else "/v1/deposits")
        suspense = door.get("/v1/suspense")
    shown = [(each["id"], each["amount"], each["sender"], each["state"], each["rule"] or each["request"]) for each in rows]
    agrees = "rows and ledger agree" if suspense["agrees"] else f"the ledger says {suspense['ledger']}"
    text = f"{suspense['total']} USD in suspense; {agrees}"
    lines = table(("deposit", "coins", "sender", "state", "rule or request"), shown) if shown else "no deposits"
    voice.result({"deposits": rows, "suspense": suspense}, f"{lines}\n{text}")
    return 0 if suspense["agrees"] else 1


def convert(asked: Namespace, voice: Voice) -> int:
    """Start a conversion."""
    with door_of(asked) as door:
        row = door.post(
            "/v1/conversions",
            id=asked.id or f"conv-{secrets.token_hex(6)}",
            side=f"to_{asked.to}",
            asset=asked.asset,
            chain=asked.chain,
            amount_usd=asked.usd,
            by=asked.by,
            reason=asked.reason,
        )
    voice.result(row, f"{row['id']}: {row['amount']} {row['asset']} on {row['chain']} to {asked.to}: {row['state']}")
    return 0
