"""The watch's whole world on one machine: both chains with real contracts and programs, a custodian, the attestor."""

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from solders.keypair import Keypair
from tests.issuance.solana.conftest import Keys
from tests.watch.fake_custodian import FakeCustodian, serve

from openscrip.issuance.chain import Call, Chain, Landing, Outcome
from openscrip.issuance.chains.evm.adapter import EvmChain
from openscrip.issuance.chains.evm.deployment import EvmRoles, deploy_platform, list_token
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Fees
from openscrip.issuance.chains.evm.typed_data import redemption_key
from openscrip.issuance.chains.evm.wallet import EvmWallet
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.founding import Listing, SolanaRoles, found_program
from openscrip.issuance.chains.solana.program import local_program
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.nodes.evm import EvmNode
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.programs import stock_program
from openscrip.issuance.rpc import JsonRpc
from openscrip.issuance.voucher import (
    ActionCancel,
    ActionFinish,
    Evidence,
    MintKind,
    MintVoucher,
    MultiplierChange,
    chain_hash,
    evidence_hash,
)
from openscrip.kernel.errors import Refused, Unavailable
from openscrip.kernel.instrument import Instrument, InstrumentKind
from openscrip.kernel.multiplier import Multiplier
from openscrip.kernel.quantities import RawAmount
from openscrip.runtime.keys import KeyKind, LocalKey
from openscrip_watch.keys import create_keys, load_keys

NODE_MODULES = Path(__file__).parents[2] / "node_modules"
NOON = 1_717_416_000
ISIN, STOCK = "US67066G1040", "NVDA"
NVDA = Instrument("NVDA", "NVIDIA", ISIN, "XNAS", "USD", InstrumentKind.EQUITY, "NVDAx")
NAMES = ("issuer", "corporate_action", "guardian", "lister", "alice")
LEFT_BEHIND = Keypair.from_seed(chain_hash("left behind")).pubkey()
"""The same program once more, which nobody founded: its deployer may still replace it."""
SIGNERS = {name: EvmAccount(LocalKey(KeyKind.SECP256K1, chain_hash(name))) for name in NAMES}


class HttpAttestor:
    """The issuer's side of the attestor's doors, as plain as it can be."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.client.post(path, json=body)
        if answer.status_code == 503:
            raise Unavailable(answer.json()["text"])
        if answer.status_code != 200:
            raise Refused(answer.json()["code"], answer.json()["text"])
        return dict(answer.json())

    def attest_mint(self, voucher: MintVoucher, evidence: Evidence, transaction: bytes | None) -> Mapping[str, object]:
        return self.post("/v1/mints", mint_body(voucher, evidence, transaction))

    def attest_multiplier(
        self, change: MultiplierChange, event: Mapping[str, object], transaction: bytes | None
    ) -> Mapping[str, object]:
        body = {
            "token": change.token, "expected": str(change.expected), "multiplier": str(change.multiplier),
            "effective_at": change.effective_at, "epoch_after": change.epoch_after,
            "action_id": chain_hash(change.action_id).hex(), "version": change.multiplier.version,
            "ratio_new": change.ratio_new, "ratio_old": change.ratio_old, "paused_from": change.paused_from,
        }  # fmt: skip
        asked = {"chain": change.chain, "stock": change.stock, "change": body, "event": dict(event)}
        return self.post("/v1/multipliers", asked | _transaction(transaction))

    def attest_finish(self, finish: ActionFinish, transaction: bytes | None = None) -> str:
        asked = {"chain": finish.chain, "stock": finish.stock, "evidence": finish.evidence}
        asked |= {"action_id": chain_hash(finish.action_id).hex()} | _transaction(transaction)
        return str(self.post("/v1/finishes", asked)["signature"])

    def attest_cancel(self, cancel: ActionCancel, transaction: bytes | None = None) -> str:
        asked = {"chain": cancel.chain, "stock": cancel.stock, "reason": cancel.reason}
        asked |= {"action_id": chain_hash(cancel.action_id).hex()} | _transaction(transaction)
        return str(self.post("/v1/cancellations", asked)["signature"])

    def attest_report(self, chain: str, stock: str, transaction: bytes | None) -> Mapping[str, object]:
        return self.post("/v1/reports", {"chain": chain, "stock": stock} | _transaction(transaction))

    def attest_transaction(self, purpose: str, request_id: str, transaction: bytes) -> Mapping[str, object]:
        asked = {"chain": "solana", "purpose": purpose, "request_id": request_id}
        return self.post("/v1/transactions", asked | _transaction(transaction))


def mint_body(voucher: MintVoucher, evidence: Evidence, transaction: bytes | None = None) -> dict[str, Any]:
    """A voucher as `POST /v1/mints` wants it."""
    told = {
        "token": voucher.token, "receiver": voucher.receiver, "raw": str(voucher.raw), "kind": int(voucher.kind),
        "request_id": voucher.mint_id, "epoch": voucher.epoch, "multiplier": str(voucher.multiplier),
        "deadline": voucher.deadline, "origin": voucher.origin, "signer_epoch": voucher.signer_epoch,
    }  # fmt: skip
    asked = {"chain": voucher.chain, "stock": voucher.stock, "voucher": told, "evidence": dict(evidence)}
    return asked | _transaction(transaction)


def _transaction(raw: bytes | None) -> dict[str, str]:
    return {"transaction": b64encode(raw).decode()} if raw else {}


class Stage:
    """One stock, NVDA, on both chains. Market time is the same everywhere and moves by `set_time`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.custodian = FakeCustodian(NOON)
        self.server = serve(self.custodian)
        self.broker = FakeCustodian(NOON)
        self.broker_server = serve(self.broker)
        self.evm_node = EvmNode(folder / "evm", NODE_MODULES, start_at=NOON)
        self.solana_keys = Keys()
        programs = [
            ProgramAtGenesis(program_id, stock_program(), self.solana_keys.issuer.pubkey())
            for program_id in (local_program().program_id, LEFT_BEHIND)
        ]
        self.solana_node = SolanaNode(folder / "solana", start_at=NOON, programs=programs)
        self.now = NOON
        self.published: list[Evidence] = []

    def start(self) -> None:
        self.evm_node.start()
        self.solana_node.start()
        create_keys(self.folder / "keys")
        self.keys = load_keys(self.folder / "keys")
        public = self.keys.public()
        for signer in SIGNERS.values():
            self.evm_node.fund(signer.address)
        self.node = Node(JsonRpc(self.evm_node.url), 31337, Fees())
        role = {name: signer.address for name, signer in SIGNERS.items()}
        roles = EvmRoles(
            role["issuer"], public["evm"], role["corporate_action"], role["guardian"], role["guardian"], role["lister"]
        )
        self.deployment = deploy_platform(self.node, SIGNERS["lister"], roles, NODE_MODULES)
        self.listed = list_token(self.node, SIGNERS["lister"], self.deployment, NVDA, NODE_MODULES)
        keys = self.solana_keys
        for key in (keys.issuer, keys.guardian):
            self.solana_node.fund(str(key.pubkey()))
        self.cluster = Cluster(self.solana_node.url)
        named = (keys.issuer.pubkey(), self.keys.solana.pubkey(), keys.corporate_action.pubkey(), keys.guardian.pubkey())
        found_program(self.cluster, local_program(), keys.issuer, SolanaRoles.single(*named))
        self.write_config({})
        self.start_attestor()
        self.attestor = HttpAttestor(self.url)
        self.evm = EvmChain("evm", self.node, self.deployment, SIGNERS["issuer"], SIGNERS["corporate_action"], self.attestor)
        self.solana = SolanaChain(
            self.cluster, local_program(), keys.issuer, keys.corporate_action, public["solana"], self.attestor
        )
        self.set_time(NOON)
        self.mint_address = self.solana.token_address("NVDAx")
        self.list_stock()
        self.solana.list_token(Listing("NVDAx", "NVIDIA", ISIN))

    def list_stock(self) -> None:
        chains = {"evm": {"token": self.listed.token, "feed": self.listed.feed}, "solana": {"mint": self.mint_address}}
        self.write_config({STOCK: {"isin": ISIN, "account": "SEG", **chains}})

    def write_config(self, stocks: Mapping[str, Any]) -> None:
        program, issuer = local_program().program_id, self.solana_keys.issuer.pubkey()
        body = {
            "custodian": f"http://127.0.0.1:{self.server.server_port}",
            "custodian_public_key": self.custodian.public_key,
            "broker": f"http://127.0.0.1:{self.broker_server.server_port}",
            "evm": {"rpc": self.evm_node.url, "chain_id": 31337, "issuer_contract": self.deployment.issuer},
            "solana": {"rpc": self.solana_node.url, "program": str(program), "issuer_pubkey": str(issuer)},
            "stocks": dict(stocks),
            "evidence": str(self.folder),
        }  # fmt: skip
        fresh = self.config.with_suffix(".new")
        fresh.write_text(json.dumps(body))
        fresh.rename(self.config)

    @property
    def config(self) -> Path:
        return self.folder / "watch.json"

    def start_attestor(self) -> None:
        command = [sys.executable, "-m", "openscrip_watch", "attestor", "--data", str(self.folder / "watch")]
        command += ["--keys", str(self.folder / "keys"), "--config", str(self.config), "--die-with-parent"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.url = str(self.ready["url"])

    def restart_attestor(self) -> None:
        """Kill it without warning and start it again on its store."""
        self.process.kill()
        self._reap()
        self.start_attestor()
        self.attestor.client.base_url = httpx.URL(self.url)

    def stop(self) -> None:
        self.attestor.client.close()
        self.process.terminate()
        self._reap()
        for server in (self.server, self.broker_server):
            server.shutdown()
            server.server_close()
        self.node.rpc.close()
        self.cluster.close()
        self.evm_node.stop()
        self.solana_node.stop()

    def _reap(self) -> None:
        self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()

    def set_time(self, now: int) -> None:
        self.now = self.custodian.now = self.broker.now = now
        self.evm_node.set_time(now)
        self.cluster.rpc.call("openscrip_setClock", now)
        self.attestor.post("/v1/clock", {"now": now})

    def receive(self, receipt: str, shares: int) -> None:
        self.custodian.move("receipt", receipt, ISIN, shares * 1)

    def evidence(self, mint_id: str, receipts: Mapping[str, str]) -> Evidence:
        rows = [{"receipt": receipt, "shares": shares} for receipt, shares in receipts.items()]
        epoch = int(self.custodian.line(ISIN)["epoch"])
        return {
            "kind": "issuance", "mint_id": mint_id, "stock": STOCK, "isin": ISIN, "epoch": epoch, "receipts": rows
        }  # fmt: skip

    def publish(self, evidence: Evidence) -> None:
        with (self.folder / "evidence.jsonl").open("a") as file:
            file.write(json.dumps(evidence) + "\n")

    def voucher(self, chain: str, mint_id: str, raw: str, evidence: Evidence, **changed: Any) -> MintVoucher:
        evm = chain == "evm"
        kind = MintKind.ISSUANCE if evidence["kind"] == "issuance" else MintKind.RESTITUTION
        multiplier = self.node_multiplier()
        values: dict[str, Any] = {
            "chain": chain, "stock": STOCK, "token": self.listed.token if evm else self.mint_address,
            "receiver": SIGNERS["alice"].address if evm else str(self.holder.pubkey()), "raw": RawAmount.parse(raw),
            "kind": kind, "mint_id": mint_id, "evidence_hash": evidence_hash(evidence),
            "epoch": int(self.custodian.line(ISIN)["epoch"]), "multiplier": multiplier, "deadline": self.now + 3_600,
        }  # fmt: skip
        values["signer_epoch"] = self.signer_epoch() if evm else self.solana.issuer_account().signer_epoch
        if evm and "redemption_id" in evidence:
            values["origin"] = redemption_key(values["receiver"], str(evidence["redemption_id"])).hex()
        return MintVoucher(**(values | changed))

    def signer_epoch(self) -> int:
        return int(self.node.read(own("Signers"), self.deployment.signers, "signerEpoch")[0])

    def node_multiplier(self) -> Multiplier:
        shown = self.evm.multiplier(self.listed.token)
        return Multiplier(shown.current, shown.version)

    @property
    def holder(self) -> Keypair:
        return Keypair.from_seed(chain_hash("holder"))

    def chain(self, name: str) -> Chain:
        return self.evm if name == "evm" else self.solana

    def mint(self, chain: str, mint_id: str, raw: str, receipts: Mapping[str, str]) -> str:
        """Attest, send, wait; the transaction id."""
        evidence = self.evidence(mint_id, receipts)
        self.publish(evidence)
        return self.land(chain, self.chain(chain).prepare_mint(self.voucher(chain, mint_id, raw, evidence), evidence))

    def land(self, chain: str, calls: tuple[Call, ...]) -> str:
        adapter = self.chain(chain)
        signed = [adapter.sign(call, adapter.next_nonce() + place) for place, call in enumerate(calls)]
        for each in signed:
            adapter.submit(each)
        end = time.monotonic() + 60
        while (outcome := adapter.outcomes([signed[-1]])[0]).landing in {Landing.PENDING, Landing.UNKNOWN}:
            assert time.monotonic() < end, "the call did not land in time"
            time.sleep(0.005)
        assert outcome == Outcome(Landing.FINAL), outcome
        return signed[-1].tx_id

    def evm_wallet(self) -> EvmWallet:
        return EvmWallet(self.node, self.deployment, SIGNERS["alice"])

    def solana_wallet(self) -> SolanaWallet:
        self.solana_node.fund(str(self.holder.pubkey()))
        return SolanaWallet(self.cluster, local_program(), self.holder)
