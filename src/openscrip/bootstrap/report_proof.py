"""One holder's proof against a report that was written, out of the index and the issuer's secret."""

import os
from collections.abc import Mapping
from typing import Any

from openscrip.bootstrap.places import Places
from openscrip.bootstrap.reconciling import index_url
from openscrip.bootstrap.report_cut import holders_again
from openscrip.bootstrap.report_files import holder_secret
from openscrip.issuance.indexer.report_tree import holder_proof
from openscrip.kernel.errors import Malformed, refuse_unless
from openscrip.kernel.merkle_sum import check_proof, read_proof
from openscrip.runtime.keys import Keystore, passphrase_from
from openscrip.runtime.settings import Settings


def proof_in_report(settings: Settings, body: Mapping[str, Any], stock: str, chain: str, holder: str) -> dict[str, Any]:
    """The proof for `holder` on `chain`; `body` is the report's.

    Raises `Malformed("report.stock")`, `Refused("sum.unknown")` for one that had nothing then, and `Refused("sum.root")` where
    the index leads to another root than the report.
    """
    found = next((each for each in body["stocks"] if each["symbol"] == stock), None)
    if found is None or found["holders"] is None:
        raise Malformed("report.stock", f"report: it has no holders of {stock!a:.40}")
    tree = found["holders"]
    tokens = {cut["chain"]: cut["token"] for cut in tree["cuts"]}
    refuse_unless(chain in tokens, "report.chain", f"report: {stock} was not counted on {chain!a:.20}")
    secret = holder_secret(Keystore(Places(settings.data).keys, passphrase_from(os.environ)))
    held = holders_again(index_url(settings), tree["cuts"])
    proof = holder_proof(stock, tree["about"], held, secret, chain, tokens[chain], holder)
    check_proof(read_proof(proof["proof"]), bytes.fromhex(tree["root"]), int(tree["total"]))
    return proof
