"""What a paper run plays for visitors: wallets that are lent, a faucet, a bank, an identity provider, the market's clock.

A practice wallet always has what pays for its transactions; other wallets, and coins, are filled by a click.

Nothing here exists where money is real: `practice_of` gives None there.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import httpx
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak
from solders.keypair import Keypair
from solders.transaction import Transaction as SolanaTransaction

from openscrip.assets.compliance.identities.paper import PaperIdentity
from openscrip.assets.compliance.identity import Outcome
from openscrip.bootstrap.coin_faucet import drip
from openscrip.bootstrap.compliance import plays_identity
from openscrip.bootstrap.investors import pay
from openscrip.bootstrap.platform import Platform
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.evm.transaction import Transaction
from openscrip.issuance.chains.solana.cosigned import Envelope, sign
from openscrip.issuance.subscription import Subscription
from openscrip.kernel.clock import instant, iso, new_york_date
from openscrip.kernel.errors import Malformed, Refused, Unavailable
from openscrip.kernel.money import Money
from openscrip.runtime.keys import KeyKind, Keystore
from openscrip.web.office import Door

GAS_WEI = 10**20
GAS_LAMPORTS = 10 * 10**9
GAS = 500_000
WEBHOOK_S = 10.0
REPORT_S = 180.0
"""Three programs of other parties check chains and statements before they sign."""
ADVANCE_S, ADVANCE_STEP_S = 25.0, 3_600
"""Market time is moved for so long of the machine's time, an hour at a step: days full of events take longer."""
READS = frozenset({"eth_chainId", "eth_blockNumber", "eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBalance"})
"""What a practice wallet passes on to its node."""


class PaperPractice:
    """`Practice` over a platform. `door` is that of the process that moves the clock; `door_url` is where webhooks go."""

    def __init__(self, platform: Platform, door: Door, door_url: Callable[[], str]) -> None:
        self._platform = platform
        self._door = door
        self._door_url = door_url
        self._keys = Keystore(platform.places.practice)

    def addresses(self, name: str) -> Mapping[str, str]:
        """As `Practice.addresses`."""
        return {"evm": self._account(name).address, "solana": str(self._pair(name).pubkey())}

    def sign_evm(self, name: str, message: bytes) -> str:
        """As `Practice.sign_evm`."""
        asked = encode_defunct(primitive=message)
        digest = keccak(b"\x19" + asked.version + asked.header + asked.body)
        return "0x" + self._account(name).sign_digest(digest).hex()

    def send_evm(self, name: str, number: int, to: str, data: str, value_wei: int) -> str:
        """As `Practice.send_evm`."""
        if value_wei:
            raise Refused("practice.value", "practice: this wallet sends tokens and coins, not the chain's own fuel")
        node, account = self._node(number), self._account(name)
        if int(node.rpc.call("eth_getBalance", account.address, "latest"), 16) < GAS_WEI // 2:
            node.rpc.call("anvil_setBalance", account.address, hex(GAS_WEI))
        transaction = Transaction(to, bytes.fromhex(data.removeprefix("0x")), GAS)
        node.simulate(transaction, account.address)
        signed = node.sign(transaction, account, node.nonce(account.address, "pending"))
        node.submit(signed.raw)
        return signed.tx_id

    def ask_evm(self, number: int, method: str, parameters: list[object]) -> object:
        """As `Practice.ask_evm`."""
        if method not in READS:
            raise Malformed("practice.method", f"practice: {method!a:.40} is nothing that the practice wallet does")
        return self._node(number).rpc.call(method, *parameters)

    def sign_solana(self, name: str, message: bytes) -> bytes:
        """As `Practice.sign_solana`."""
        return bytes(self._pair(name).sign_message(message))

    def sign_solana_transaction(self, name: str, transaction: bytes) -> bytes:
        """As `Practice.sign_solana_transaction`."""
        try:
            read = SolanaTransaction.from_bytes(transaction)
        except ValueError:
            raise Malformed("solana.transaction", "practice: what came was no transaction") from None
        pair, rpc = self._pair(name), self._platform.solana.cluster.rpc
        if rpc.call("getBalance", str(pair.pubkey()))["value"] < GAS_LAMPORTS // 2:
            rpc.call("requestAirdrop", str(pair.pubkey()), GAS_LAMPORTS)
        return bytes(sign(Envelope(0, read), pair).transaction)

    def fund(self, chain: str, wallet: str, coins: Money) -> None:
        """As `Practice.fund`."""
        if chain == "solana":
            self._platform.solana.cluster.rpc.call("requestAirdrop", wallet, GAS_LAMPORTS)
        elif chain in self._platform.evm_nodes:
            self._platform.evm_nodes[chain].rpc.call("anvil_setBalance", wallet, hex(GAS_WEI))
        else:
            raise Malformed("chain.unknown", f"practice: {chain!a:.20} was none of this run's chains")
        if coins and any(each.chain == chain for each in self._platform.coins.coins):
            drip(self._platform, chain, wallet, coins)

    def pay(self, row: Subscription) -> None:
        """As `Practice.pay`."""
        if row.in_coins:
            raise Refused("practice.coins", f"practice: {row.id} is paid in coins, by its wallet")
        pay(self._platform, row)

    def examine(self, subject: str, client: str, outcome: Outcome) -> None:
        """As `Practice.examine`."""
        now = self._platform.clock.now()
        today = new_york_date(now)
        issued, expires = (today - timedelta(days=400)).isoformat(), (today + timedelta(days=3_000)).isoformat()
        papers = [(kind, issued, expires) for kind in ("identity_document", "proof_of_address", "liveness")]
        identity = PaperIdentity(self._platform.places.identity)
        told = identity.tell(subject, client, outcome, now, papers if outcome is Outcome.APPROVED else ())
        headers = {"Persona-Signature": told.signature, "Content-Type": "application/json"}
        try:
            url = f"{self._door_url()}/v1/webhooks/persona"
            answer = httpx.post(url, content=told.body, headers=headers, timeout=WEBHOOK_S, trust_env=False)
        except httpx.HTTPError as error:
            raise Unavailable(f"practice: the platform did not take the webhook ({type(error).__name__})") from error
        if answer.status_code >= 300:
            raise Unavailable(f"practice: the platform answered the webhook with {answer.status_code}")

    def report(self) -> None:
        """As `Practice.report`: by the process that runs the parts, since no key is in the reach of the pages."""
        try:
            asked = {"month": "", "signed": True}
            answer = httpx.post(f"{self._door_url()}/v1/reports", json=asked, timeout=REPORT_S, trust_env=False)
        except httpx.HTTPError as error:
            raise Unavailable(f"practice: the report was not written ({type(error).__name__})") from error
        if not answer.is_success:
            told = answer.json()
            raise Refused(str(told.get("code", "report.refused")), str(told.get("text", "report: it was not written")))

    def next_due(self) -> int | None:
        """As `Practice.next_due`."""
        due = self._door.get("/v1/clock").get("next_due")
        return instant(due) if due else None

    def advance_to(self, at: int) -> None:
        """As `Practice.advance_to`: in steps, as far as it gets while somebody waits for a page."""
        ends, now = time.monotonic() + ADVANCE_S, self._platform.clock.now()
        while True:
            now = min(at, now + ADVANCE_STEP_S)
            self._door.post("/v1/clock", advance_to=iso(now))
            if now >= at or time.monotonic() > ends:
                return

    def _account(self, name: str) -> EvmAccount:
        return EvmAccount(self._keys.ensure(f"{name}-evm", KeyKind.SECP256K1))

    def _pair(self, name: str) -> Keypair:
        return Keypair.from_seed(self._keys.ensure(f"{name}-solana", KeyKind.ED25519).secret)

    def _node(self, number: int) -> Node:
        found = next((node for node in self._platform.evm_nodes.values() if node.chain_id == number), None)
        if found is None:
            raise Malformed("chain.unknown", f"practice: {number} was the number of none of this run's chains")
        return found


def practice_of(platform: Platform, door: Door, door_url: Callable[[], str]) -> PaperPractice | None:
    """What is played; None where a chain or the identity provider is somebody else's."""
    settings = platform.settings
    real = settings.evm.rpc_url or settings.solana.rpc_url or not plays_identity(settings.compliance)
    return None if real else PaperPractice(platform, door, door_url)
