"""The Merkle-sum tree: every part can be proved, nothing else can, and a stand-alone script says the same."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openscrip.kernel.errors import Malformed, Refused
from openscrip.kernel.merkle_sum import (
    SUM_LIMIT,
    SumProof,
    SumTree,
    check_proof,
    leaf_hash,
    proof_json,
    proved,
    read_proof,
    root_hash,
)

SCRIPT = Path(__file__).parents[2] / "tools" / "check_proof.py"
HELD = [(f"holder {number:04}", 3**number) for number in range(13)]


def tree_of(count: int) -> SumTree:
    return SumTree("token x at block 7", HELD[:count])


def script(folder: Path, document: object, root: str, total: int) -> subprocess.CompletedProcess[str]:
    path = folder / "proof.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    command = [sys.executable, "-I", str(SCRIPT), str(path), "--root", root, "--total", str(total)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("count", range(1, 14))
def test_every_name__of_a_tree_of_any_size__is_proved(count: int) -> None:
    tree = tree_of(count)
    assert tree.total == sum(3**number for number in range(count))
    for name, amount in HELD[:count]:
        proof = read_proof(json.loads(json.dumps(proof_json(tree.proof(name)))))
        check_proof(proof, tree.root, tree.total)
        assert (proof.amount, tree.amount(name)) == (amount, amount)


def test_three_leaves__hash_to_the_worked_example() -> None:
    a, b, c = (leaf_hash(name, amount) + amount.to_bytes(32, "big") for name, amount in (("a", 1), ("b", 2), ("c", 4)))
    left = sha256(b"\1" + a + b).digest() + (3).to_bytes(32, "big")
    top = sha256(b"\1" + left + c).digest()  # the odd one goes up as it is
    tree = SumTree("about", [("a", 1), ("b", 2), ("c", 4)])
    assert leaf_hash("a", 1) == sha256(b"\0\0\1a" + (1).to_bytes(32, "big")).digest()
    assert tree.root == root_hash("about", 3, top, 7)
    assert tree.root.hex() == "3d1ccb5e9c038827978a7ee6c8183848e6596878a12f5eafc9e1d5d19be316d6"


def test_a_tree_of_nobody__has_a_root_and_proves_nobody() -> None:
    tree = SumTree("nothing", [])
    assert (tree.total, tree.count, tree.root) == (0, 0, root_hash("nothing", 0, bytes(32), 0))
    with pytest.raises(Refused, match="had nothing in it"):
        tree.proof("a")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.integers(0, 2**80), min_size=1, max_size=40), st.data())
def test_any_holders__the_root_binds_each_of_them(held: dict[str, int], data: st.DataObject) -> None:
    tree = SumTree("x", sorted(held.items()))
    name = data.draw(st.sampled_from(sorted(held)))
    proof = tree.proof(name)
    check_proof(proof, tree.root, sum(held.values()))
    changed = {**held, name: held[name] + 1}
    assert SumTree("x", sorted(changed.items())).root != tree.root
    assert SumTree("y", sorted(held.items())).root != tree.root


def wrongs(proof: SumProof) -> dict[str, SumProof]:
    """One thing changed at a time."""
    (beside, total), *rest = proof.path
    return {
        "more": replace(proof, amount=proof.amount + 1),
        "another": replace(proof, name="holder 9999"),
        "elsewhere": replace(proof, index=proof.index ^ 1),
        "larger tree": replace(proof, count=proof.count + 1),
        "smaller tree": replace(proof, count=proof.count - 1),
        "other thing": replace(proof, about="token x at block 8"),
        "other hash": replace(proof, path=((bytes(32), total), *rest)),
        "other sum": replace(proof, path=((beside, total + 1), *rest)),
        "moved sum": replace(proof, amount=proof.amount - 1, path=((beside, total + 1), *rest)),
        "short": replace(proof, path=proof.path[:-1]),
        "long": replace(proof, path=(*proof.path, (beside, total))),
        "negative": replace(proof, amount=proof.amount + total + 1, path=((beside, -1), *rest)),
        "overflow": replace(proof, path=((beside, SUM_LIMIT - 1), *rest)),
        "long hash": replace(proof, path=((beside + b"\0", total), *rest)),
        "outside": replace(proof, index=proof.count),
        "before": replace(proof, index=-1),
    }


@pytest.mark.parametrize("wrong", sorted(wrongs(tree_of(13).proof("holder 0003"))))
def test_a_changed_proof__is_refused__here_and_by_the_script(wrong: str, tmp_path: Path) -> None:
    tree = tree_of(13)
    proof = wrongs(tree.proof("holder 0003"))[wrong]
    with pytest.raises(Refused, match=r"^sum "):
        check_proof(proof, tree.root, tree.total)
    told = script(tmp_path, proof_json(proof), tree.root.hex(), tree.total)
    assert told.returncode == 1
    assert told.stderr.startswith("NOT PROVED: ")


def test_a_leaf_said_to_be_a_node__is_refused() -> None:
    """The hash of a node serves for no leaf, whatever name and amount it is given."""
    tree = tree_of(4)
    proof = tree.proof("holder 0000")
    inner = sha256(b"\1" + b"".join(leaf_hash(n, a) + a.to_bytes(32, "big") for n, a in HELD[:2])).digest()
    forged = SumProof(proof.about, 2, 0, inner.hex(), 4, (proof.path[1],))
    assert proved(forged)[0] != tree.root


def test_a_total_that_is_another__is_refused() -> None:
    tree = tree_of(5)
    with pytest.raises(Refused, match="a total of 121, expected 122"):
        check_proof(tree.proof("holder 0000"), tree.root, 122)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([("b", 1), ("a", 1)], "sum.order"),
        ([("a", 1), ("a", 1)], "sum.order"),
        ([("", 1)], "sum.order"),
        ([("a", -1)], "sum.range"),
        ([("a", SUM_LIMIT)], "sum.range"),
        ([("a", SUM_LIMIT - 1), ("b", 1)], "sum.range"),
        ([("a" * 70_000, 1)], "sum.name"),
    ],
)
def test_what_cannot_be_counted__makes_no_tree(entries: list[tuple[str, int]], code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        SumTree("x", entries)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"format": "openscrip merkle sum 2"},
        {"count": "13"},
        {"index": True},
        {"amount": 1},
        {"amount": "-1"},
        {"amount": "1" * 90},
        {"path": [["zz", "1"]]},
        {"path": [["00"]]},
        {"path": [["00" * 32, "1"]] * 65},
    ],
    ids=str,
)
def test_a_proof_of_another_shape__is_malformed(change: dict[str, object]) -> None:
    with pytest.raises(Malformed) as refusal:
        read_proof({**proof_json(tree_of(13).proof("holder 0003")), **change})
    assert refusal.value.code == "sum.proof"


def test_the_script__proves_with_pythons_own_library_in_60_lines(tmp_path: Path) -> None:
    source = SCRIPT.read_text()
    assert len(source.splitlines()) <= 60
    assert "openscrip" not in source.replace("openscrip merkle sum 1", "")
    for name in ("holder 0000", "holder 0012"):
        tree = tree_of(13)
        told = script(tmp_path, proof_json(tree.proof(name)), "0x" + tree.root.hex().upper(), tree.total)
        assert (told.returncode, told.stdout) == (0, f"proved: {name} has {tree.amount(name)} of {tree.total}\n")
    for nonsense in ("no json", "[]", '{"format": 1}'):
        assert script(tmp_path, nonsense, "00", 1).returncode == 1


def test_a_proof_of_many__is_checked_within_a_millisecond() -> None:
    tree = SumTree("many", ((f"{number:05}", number) for number in range(20_000)))
    proof = tree.proof("12345")
    taken = []
    for _ in range(20):
        began = time.thread_time()
        check_proof(proof, tree.root, tree.total)
        taken.append(time.thread_time() - began)
    assert min(taken) < 0.001
