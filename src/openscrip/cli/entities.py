"""`entities`: who does what for each product, and who contracts with whom."""

from argparse import Namespace
from typing import Any

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of


def entities(asked: Namespace, voice: Voice) -> int:
    """The parties of one product or of all, checked first: the rule that is broken is the answer."""
    from openscrip.assets.entities import entities_of  # noqa: PLC0415
    from openscrip.assets.listings import products_of  # noqa: PLC0415
    from openscrip.assets.products import product_in  # noqa: PLC0415

    settings = settings_of(asked)
    products = products_of(settings.products.file)
    known = entities_of(settings.entities.file)
    known.check(tuple(products))
    wanted = [product_in(products, asked.product).symbol] if asked.product else list(products)
    document = {symbol: [_plain(party) for party in known.parties_of(symbol)] for symbol in wanted}
    shown: list[tuple[str, ...]] = []
    for place, symbol in enumerate(wanted):
        same = place > 0 and document[symbol] == document[wanted[0]]
        shown += [(symbol, "as above", "", "", "")] if same else [(symbol, *_words(each)) for each in document[symbol]]
    voice.result(document, table(("product", "role", "entity", "where", "contracts"), shown))
    return 0


def _plain(party: Any) -> dict[str, Any]:
    contracts = []
    for each in party.contracts:
        other = next((role for role in each.between if role != party.role), party.role)
        contracts.append({"with": str(other), "kind": each.kind, "document": each.document})
    entity = party.entity
    return {
        "role": str(party.role),
        "entity": entity.id,
        "name": entity.name,
        "jurisdiction": entity.jurisdiction,
        "invented": entity.invented,
        "contracts": contracts,
    }


def _words(party: dict[str, Any]) -> tuple[str, ...]:
    contracts = "; ".join(f"{each['kind']} with {each['with']}" for each in party["contracts"])
    return party["role"], party["name"], party["jurisdiction"], contracts
