"""Wallets of test persons, injected by the wallet standards; their keys and what they send are Python's.

The page sees an EIP-6963 provider and a Wallet Standard wallet with hostile names and icons; every request comes here.
"""

import base64
import json
import secrets
from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import BrowserContext
from solders.keypair import Keypair
from solders.transaction import Transaction

HOSTILE = "<img src=x onerror=alert(1)>\u202eTest wallet"
GAS = 500_000
GAS_PRICE_WEI = 10**10

INJECTED = """
(() => {
  const name = %(name)s;
  const icon = "javascript:alert(1)";
  const provider = {
    request: async ({ method, params = [] }) => {
      const told = JSON.parse(await window.evmWallet(method, JSON.stringify(params)));
      if (told.error) throw Object.assign(new Error(told.error), { code: told.code });
      return told.result;
    },
    on() {}, removeListener() {},
  };
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider",
    { detail: Object.freeze({ info: Object.freeze({ uuid: "test-evm", name, icon, rdns: "test" }), provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const text = (given) => btoa(Array.from(given, (each) => String.fromCharCode(each)).join(""));
  const asked = async (method, payload) => bytes(await window.solanaWallet(method, text(payload)));
  const account = () => ({ address: %(address)s, publicKey: bytes(%(key)s), chains: ["solana:localnet"], features: [] });
  const wallet = {
    version: "1.0.0", name, icon, chains: ["solana:localnet"], accounts: [],
    features: {
      "standard:connect": { version: "1.0.0", connect: async () => ({ accounts: [account()] }) },
      "solana:signIn": { version: "1.0.0", signIn: async (input) => {
        const lines = [`${input.domain} wants you to sign in with your Solana account:`, input.address || %(address)s];
        if (input.statement) lines.push("", input.statement);
        const more = [["URI", input.uri], ["Version", input.version], ["Chain ID", input.chainId], ["Nonce", input.nonce],
          ["Issued At", input.issuedAt], ["Expiration Time", input.expirationTime]].filter((each) => each[1]);
        if (more.length) lines.push("", ...more.map(([key, value]) => `${key}: ${value}`));
        const message = new TextEncoder().encode(lines.join("\\n"));
        return [{ account: account(), signedMessage: message, signature: await asked("message", message) }];
      } },
      "solana:signMessage": { version: "1.0.0", signMessage: async ({ message }) =>
        [{ signedMessage: message, signature: await asked("message", message) }] },
      "solana:signTransaction": { version: "1.0.0", signTransaction: async ({ transaction }) =>
        [{ signedTransaction: await asked("transaction", transaction) }] },
    },
  };
  const registered = ({ register }) => register(wallet);
  window.addEventListener("wallet-standard:app-ready", (event) => registered(event.detail));
  window.dispatchEvent(new CustomEvent("wallet-standard:register-wallet", { detail: registered }));
})();
"""


class TestWallets:
    """One person's EVM and Solana wallet in one browser context. `declines` makes the next request be declined."""

    __test__ = False

    def __init__(self, context: BrowserContext, evm_rpc: str) -> None:
        self.evm = Account.from_key(secrets.token_bytes(32))
        self.solana = Keypair()
        self.declines = False
        self.asked: list[str] = []
        self._rpc = httpx.Client(base_url=evm_rpc, trust_env=False, timeout=30)
        context.expose_function("evmWallet", self._evm)
        context.expose_function("solanaWallet", self._solana)
        key = base64.b64encode(bytes(self.solana.pubkey())).decode()
        told = {"name": json.dumps(HOSTILE), "address": json.dumps(str(self.solana.pubkey())), "key": json.dumps(key)}
        context.add_init_script(INJECTED % told)
        context.on("close", lambda _: self._rpc.close())

    def _evm(self, method: str, params_text: str) -> str:
        self.asked.append(method)
        if self.declines and method != "eth_requestAccounts":
            self.declines = False
            return json.dumps({"error": "User rejected the request.", "code": 4001})
        params = json.loads(params_text)
        return json.dumps({"result": self._answer(method, params)})

    def _answer(self, method: str, params: list[Any]) -> Any:
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return [self.evm.address.lower()]
            case "personal_sign":
                signed = self.evm.sign_message(encode_defunct(hexstr=params[0]))
                return "0x" + signed.signature.hex()
            case "eth_sendTransaction":
                return self._send(params[0])
            case _:
                return self._ask(method, params)

    def _send(self, call: dict[str, str]) -> Any:
        nonce = int(self._ask("eth_getTransactionCount", [self.evm.address, "pending"]), 16)
        signed = self.evm.sign_transaction({
            "to": call["to"], "data": call["data"], "value": 0, "gas": GAS, "gasPrice": GAS_PRICE_WEI, "nonce": nonce,
            "chainId": int(self._ask("eth_chainId", []), 16),
        })  # fmt: skip
        return self._ask("eth_sendRawTransaction", ["0x" + signed.raw_transaction.hex()])

    def _ask(self, method: str, params: list[Any]) -> Any:
        answer = self._rpc.post("/", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).json()
        return answer.get("result")

    def _solana(self, method: str, payload: str) -> str:
        self.asked.append(method)
        given = base64.b64decode(payload)
        if method == "message":
            return base64.b64encode(bytes(self.solana.sign_message(given))).decode()
        read = Transaction.from_bytes(given)
        read.partial_sign([self.solana], read.message.recent_blockhash)
        return base64.b64encode(bytes(read)).decode()
