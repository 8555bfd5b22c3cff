// Wallets in this browser: EVM wallets by EIP-6963 and EIP-1193, Solana wallets by the Wallet Standard.
// What a wallet calls itself is shown as text, and its icon only if it is a `data:` image: both are a stranger's.

const NAME_MAX = 40;
const ICON_MAX = 64 * 1024;
const ICON = /^data:image\/(svg\+xml|png|webp|jpeg|gif)[;,]/;

/** A text in bytes, and bytes in hex, base64 and base58. */
export const bytesOf = (text) => new TextEncoder().encode(text);
export const hexOf = (bytes) => "0x" + Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
export const base64Of = (bytes) => btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
export const fromBase64 = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));

const DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

export function base58Of(bytes) {
  let number = 0n;
  for (const each of bytes) number = number * 256n + BigInt(each);
  let text = "";
  for (; number > 0n; number /= 58n) text = DIGITS[Number(number % 58n)] + text;
  for (const each of bytes) {
    if (each !== 0) break;
    text = "1" + text;
  }
  return text;
}

function nameOf(given, otherwise) {
  const text = typeof given === "string" ? given.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").trim() : "";
  return text.slice(0, NAME_MAX) || otherwise;
}

function iconOf(given) {
  return typeof given === "string" && given.length <= ICON_MAX && ICON.test(given) ? given : "";
}

/** What a person decided against, which is no failure. */
export class Declined extends Error {}

function told(error) {
  const declined = error && (error.code === 4001 || /reject|declin|denied|cancel/i.test(String(error.message || "")));
  const text = String((error && error.message) || error || "the wallet did not answer").slice(0, 200);
  return declined ? new Declined("You declined in the wallet. Nothing was sent.") : new Error(text);
}

class EvmWallet {
  constructor(detail) {
    this.kind = "evm";
    this.provider = detail.provider;
    this.name = nameOf(detail.info && detail.info.name, "EVM wallet");
    this.icon = iconOf(detail.info && detail.info.icon);
    this.id = "evm:" + nameOf(detail.info && detail.info.uuid, this.name);
  }

  async ask(method, params = []) {
    try {
      return await this.provider.request({ method, params });
    } catch (error) {
      throw told(error);
    }
  }

  /** The account that a person chose, as the wallet spells it. */
  async connect() {
    const accounts = await this.ask("eth_requestAccounts");
    if (!Array.isArray(accounts) || typeof accounts[0] !== "string") throw new Error("The wallet named no account.");
    return accounts[0];
  }

  async signText(text, address) {
    return { signature: await this.ask("personal_sign", [hexOf(bytesOf(text)), address]), signed: "" };
  }

  /** See to it that the wallet is on this chain, asked anew before each transaction. */
  async onChain(number) {
    const wanted = "0x" + number.toString(16);
    if (Number(await this.ask("eth_chainId")) === number) return;
    await this.ask("wallet_switchEthereumChain", [{ chainId: wanted }]);
    if (Number(await this.ask("eth_chainId")) !== number) throw new Error("The wallet is on another chain; switch it to " + number + ".");
  }

  /** Send the calls one after the other, each after the one before has landed; the last one's hash. */
  async send(asked, said) {
    const accounts = await this.ask("eth_requestAccounts");
    const from = accounts.find((each) => each.toLowerCase() === asked.sender.toLowerCase());
    if (!from) throw new Error("The wallet holds another account than " + asked.sender + "; choose that one in the wallet.");
    let hash = "";
    for (const call of asked.calls) {
      said("Confirm in the wallet: " + call.words);
      await this.onChain(asked.number);
      hash = await this.ask("eth_sendTransaction", [{ from, to: call.to, data: call.data, value: "0x0" }]);
      said("Sent. Waiting until the chain has it …");
      await this.landed(hash);
    }
    return hash;
  }

  async landed(hash) {
    for (let tries = 0; tries < 240; tries += 1) {
      const receipt = await this.ask("eth_getTransactionReceipt", [hash]);
      if (receipt) {
        if (Number(receipt.status) === 1) return;
        throw new Error("The chain refused the transaction " + hash + ". Nothing moved.");
      }
      await new Promise((done) => setTimeout(done, 500));
    }
    throw new Error("We do not know yet whether " + hash + " landed. This page will show it when it does.");
  }
}

class SolanaWallet {
  constructor(wallet) {
    this.kind = "solana";
    this.wallet = wallet;
    this.name = nameOf(wallet.name, "Solana wallet");
    this.icon = iconOf(wallet.icon);
    this.id = "solana:" + this.name;
  }

  feature(name) {
    return this.wallet.features && this.wallet.features[name];
  }

  async connect() {
    try {
      const found = await this.feature("standard:connect").connect();
      this.account = (found.accounts || this.wallet.accounts)[0];
    } catch (error) {
      throw told(error);
    }
    if (!this.account) throw new Error("The wallet named no account.");
    return this.account.address;
  }

  /** By `solana:signIn` where the wallet has it and it is a sign-in, else by `solana:signMessage`. */
  async signText(text, address, input) {
    if (!this.account) await this.connect();
    try {
      const signIn = input ? this.feature("solana:signIn") : null;
      const [answer] = signIn
        ? await signIn.signIn(input)
        : await this.feature("solana:signMessage").signMessage({ account: this.account, message: bytesOf(text) });
      return { signature: base58Of(answer.signature), signed: base64Of(answer.signedMessage) };
    } catch (error) {
      throw told(error);
    }
  }

  /** The signed transaction in base64: the site hands it in. */
  async send(asked, said) {
    const address = await this.connect();
    if (address !== asked.sender) throw new Error("The wallet holds another account than " + asked.sender + "; choose that one in the wallet.");
    const signer = this.feature("solana:signTransaction");
    if (!signer) throw new Error("This wallet cannot sign a transaction without sending it; use another one.");
    said("Confirm in the wallet: " + asked.words);
    try {
      const [answer] = await signer.signTransaction({ account: this.account, transaction: fromBase64(asked.transaction), chain: "solana:localnet" });
      return base64Of(answer.signedTransaction);
    } catch (error) {
      throw told(error);
    }
  }
}

/** Look for wallets, and call `changed(list)` whenever one more has announced itself. */
export function findWallets(changed) {
  const found = new Map();
  const add = (wallet) => {
    if (found.has(wallet.id) || found.size > 30) return;
    found.set(wallet.id, wallet);
    changed([...found.values()]);
  };
  window.addEventListener("eip6963:announceProvider", (event) => {
    const detail = event.detail;
    if (detail && detail.provider && typeof detail.provider.request === "function") add(new EvmWallet(detail));
  });
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  const register = (...wallets) => {
    for (const wallet of wallets) {
      const solana = wallet && Array.isArray(wallet.chains) && wallet.chains.some((each) => String(each).startsWith("solana:"));
      if (solana && wallet.features && wallet.features["standard:connect"]) add(new SolanaWallet(wallet));
    }
    return () => {};
  };
  const api = Object.freeze({ register });
  window.addEventListener("wallet-standard:register-wallet", (event) => {
    if (typeof event.detail === "function") event.detail(api);
  });
  window.dispatchEvent(new CustomEvent("wallet-standard:app-ready", { detail: api }));
}

/** POST a form of ours and read the JSON that it answers. */
export async function post(url, values) {
  const csrf = document.querySelector('input[name="csrf"]');
  const body = new URLSearchParams({ csrf: csrf ? csrf.value : "", key: crypto.randomUUID().replaceAll("-", ""), ...values });
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (answer.redirected) {
    // Nobody is signed in any more: the sign-in leads back here.
    window.location.assign(answer.url);
    await new Promise(() => {});
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.text || "The site answered " + answer.status + ". Nothing was changed.");
  return found;
}

function element(place, tag, name, more = {}) {
  if (place.querySelector("[" + name + "]")) return;
  const made = Object.assign(document.createElement(tag), more);
  made.setAttribute(name, "");
  place.append(made);
}

/** What a place for wallets needs, where its page has not brought it. */
function furnish(place) {
  element(place, "div", "data-wallet-list", { className: "row" });
  element(place, "p", "data-no-wallets", { className: "muted", textContent: "No wallet has announced itself in this browser yet." });
  element(place, "p", "data-said", { role: "status" });
  element(place, "p", "data-fault", { className: "fault", role: "alert", hidden: true });
}

/** A button for each wallet of `kinds` in `list`, which calls `chosen(wallet)`; texts and icons as the wallet gave them. */
export function showWallets(place, kinds, chosen) {
  furnish(place);
  const empty = place.querySelector("[data-no-wallets]");
  findWallets((list) => {
    const wanted = list.filter((wallet) => kinds.includes(wallet.kind));
    if (empty) empty.hidden = wanted.length > 0;
    const buttons = wanted.map((wallet) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-second wallet";
      button.id = "wallet-" + wallet.id.replace(/[^A-Za-z0-9]/g, "-");
      if (wallet.icon) {
        const image = document.createElement("img");
        image.src = wallet.icon;
        image.alt = "";
        image.width = 20;
        image.height = 20;
        button.append(image);
      }
      const words = document.createElement("span");
      words.textContent = wallet.name;
      const chain = document.createElement("span");
      chain.className = "muted small";
      chain.textContent = wallet.kind === "evm" ? "EVM" : "Solana";
      button.append(words, chain);
      button.addEventListener("click", () => chosen(wallet));
      return button;
    });
    place.querySelector("[data-wallet-list]").replaceChildren(...buttons);
  });
}

/** Run `act` once at a time, with what it says in the page's own status line of `place`. */
export function busy(place) {
  furnish(place);
  const line = place.querySelector("[data-said]");
  const fault = place.querySelector("[data-fault]");
  let running = false;
  return async (act) => {
    if (running) return;
    running = true;
    place.setAttribute("aria-busy", "true");
    if (fault) fault.hidden = true;
    try {
      await act((text) => { if (line) line.textContent = text; });
    } catch (error) {
      if (line) line.textContent = "";
      if (fault) {
        fault.textContent = error.message;
        fault.hidden = false;
      }
    } finally {
      running = false;
      place.removeAttribute("aria-busy");
    }
  };
}
