"""`holders`: who holds a token, with one root for all and a proof for each."""

import sys
from argparse import Namespace

from openscrip.cli.saying import Voice, table
from openscrip.cli.settings import settings_of
from openscrip.kernel.decimals import format_decimal
from openscrip.kernel.errors import refuse_unless

SHOWN = 20
RAW_DECIMALS = 18


def holders(asked: Namespace, voice: Voice) -> int:
    """The holders at a block: the largest for people, all of them as CSV or JSON, or the proof of one."""
    from openscrip.bootstrap.holders import holders_of  # noqa: PLC0415
    from openscrip.issuance.indexer.snapshot import tree_of  # noqa: PLC0415
    from openscrip.kernel.merkle_sum import proof_json  # noqa: PLC0415

    refuse_unless(asked.block is None or asked.block >= 0, "holders.block", f"holders: block {asked.block} was below zero")
    found = holders_of(settings_of(asked), asked.token, asked.chain, asked.block)
    tree = tree_of(found)
    root = {"root": tree.root.hex(), "total": str(tree.total)}
    if asked.proof:
        name = asked.proof.lower() if asked.proof.startswith("0x") else asked.proof
        Voice(as_json=True).result(proof_json(tree.proof(name)) | root)
        return 0
    if asked.csv:
        sys.stdout.write("holder,raw\n" + "".join(f"{holder},{_raw(atoms)}\n" for holder, atoms in found.entries))
        return 0
    place = {"chain": found.chain, "token": found.token, "block": found.block, "count": tree.count, "about": tree.about}
    largest = sorted(found.entries, key=lambda entry: -entry[1])[:SHOWN]
    rows = [(holder, _raw(atoms), f"{format_decimal(atoms * 10_000 // tree.total, 2)} %") for holder, atoms in largest]
    shown = f"the largest {SHOWN} of {tree.count}" if tree.count > SHOWN else f"{tree.count}"
    text = (
        f"Holders of {found.token} on {found.chain} at block {found.block}: {shown}, {_raw(tree.total)} raw in all\n"
        f"root {root['root']}\ntotal {root['total']} (1e-18 raw)\n\n{table(('holder', 'raw', 'part'), rows)}"
    )
    everybody = [{"holder": holder, "raw": _raw(atoms)} for holder, atoms in found.entries] if voice.as_json else []
    voice.result({**place, **root, "holders": everybody}, text)
    return 0


def _raw(atoms: int) -> str:
    return format_decimal(atoms, RAW_DECIMALS)
