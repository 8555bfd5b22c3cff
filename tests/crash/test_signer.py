"""The whole stack with every role's key in a signer process: nothing of them is where the platform is."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.outside import agrees_with_itself, each_once, look
from tests.crash.stage import ROOT, Stage

from openscrip.issuance.voucher import RedemptionKind

pytestmark = [pytest.mark.crash, pytest.mark.parts, pytest.mark.slow, pytest.mark.timeout(400)]

SLOT_MS = 40


@pytest.fixture
def signer_keys(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A signer for the data folder `tmp_path`, with its keys elsewhere."""
    keys = tmp_path_factory.mktemp("signer") / "keys"
    command = [sys.executable, "-m", "openscrip.cli", "signer", "--data", str(tmp_path), "--keys", str(keys), "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OPENSCRIP_SIGNER_PER_MINUTE": "6000"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 30)[0]
        assert json.loads(process.stdout.readline())["keys"] == str(keys)
        yield keys
        process.terminate()
        assert process.wait(60) == 0


def test_a_story__with_a_signer_process__is_signed_there_and_leaves_no_secret_here(signer_keys: Path, tmp_path: Path) -> None:
    with Stage(tmp_path, solana_slot_ms=SLOT_MS) as stage:
        assert stage.settings.signer.address
        stage.keep_inventory(5)
        stage.subscribe("sub-evm", "evm", "12")
        stage.subscribe("sub-sol", "solana", "12")
        stage.play(dict)
        stage.redeem("kind-evm", "evm", "2", RedemptionKind.IN_KIND)
        stage.redeem("cash-sol", "solana", "2", RedemptionKind.CASH)
        stage.play(dict)
        seen = look(stage)
        each_once(seen)
        assert seen["supplies"] == ["evm 10", "solana 10"]
        agrees_with_itself(stage)
    made = {file.stem for file in signer_keys.glob("*.json")}
    assert {"issuer", "corporate-action", "guardian", "lister", "treasury", "issuer-solana"} <= made
    here = {file.stem for file in (tmp_path / "keys").glob("*.json")}
    assert here.isdisjoint(made)
