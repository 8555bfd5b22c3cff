// The practice wallet of a simulated run, announced as any wallet is: EIP-6963 and the Wallet Standard.
// Its keys are kept by the server for this browser. Every signature is shown and confirmed here first.

import { base64Of, fromBase64, post } from "./wallets.mjs";

const NAME = "Practice wallet";
const ICON =
  "data:image/svg+xml;base64," +
  btoa('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#9a63e0" stroke-width="2"><path d="M12 2 22 12 12 22 2 12z"/><path d="M8 12h8"/></svg>');

let known = null;

async function wallet() {
  known ??= post("/practice/wallet", {});
  try {
    return await known;
  } catch (error) {
    known = null;
    throw error;
  }
}

/** Show what is to be signed, and wait for the person's word. */
function confirmed(title, text) {
  const dialog = document.createElement("dialog");
  dialog.className = "practice-dialog";
  dialog.setAttribute("aria-labelledby", "practice-title");
  const heading = document.createElement("h2");
  heading.id = "practice-title";
  heading.textContent = title;
  const note = document.createElement("p");
  note.className = "small muted";
  note.textContent = "Practice wallet. Simulated: its keys are kept by this server for this browser, and nothing in it is worth anything.";
  const shown = document.createElement("pre");
  shown.textContent = text;
  shown.tabIndex = 0;
  const row = document.createElement("div");
  row.className = "row";
  const yes = document.createElement("button");
  yes.type = "button";
  yes.className = "button button-primary";
  yes.id = "practice-confirm";
  yes.textContent = "Confirm";
  const no = document.createElement("button");
  no.type = "button";
  no.className = "button button-second";
  no.id = "practice-decline";
  no.textContent = "Decline";
  row.append(yes, no);
  dialog.append(heading, note, shown, row);
  document.body.append(dialog);
  return new Promise((resolve, reject) => {
    const end = (agreed) => {
      dialog.close();
      dialog.remove();
      if (agreed) resolve();
      else reject(Object.assign(new Error("declined"), { code: 4001 }));
    };
    yes.addEventListener("click", () => end(true));
    no.addEventListener("click", () => end(false));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(false);
    });
    dialog.showModal();
    yes.focus();
  });
}

function textOf(hex) {
  const bytes = Uint8Array.from(hex.slice(2).match(/../g) || [], (each) => parseInt(each, 16));
  return new TextDecoder().decode(bytes);
}

const provider = Object.freeze({
  async request({ method, params = [] }) {
    const mine = await wallet();
    if (method === "eth_requestAccounts" || method === "eth_accounts") return [mine.evm];
    if (method === "personal_sign") await confirmed("Sign this sentence?", textOf(params[0]));
    if (method === "eth_sendTransaction") await confirmed("Send this transaction?", "To contract " + params[0].to + "\nData " + params[0].data.slice(0, 74) + "…");
    const answer = await post("/practice/evm", { method, params: JSON.stringify(params) });
    return answer.result;
  },
  on() {},
  removeListener() {},
});

const detail = Object.freeze({
  info: Object.freeze({ uuid: "practice-wallet", name: NAME, icon: ICON, rdns: "localhost.openscrip.practice" }),
  provider,
});
const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
window.addEventListener("eip6963:requestProvider", announce);
announce();

async function solana(method, bytes) {
  const answer = await post("/practice/solana", { method, payload: base64Of(bytes) });
  return fromBase64(answer.result);
}

const standard = {
  version: "1.0.0",
  name: NAME,
  icon: ICON,
  chains: ["solana:localnet"],
  accounts: [],
  features: {
    "standard:connect": {
      version: "1.0.0",
      async connect() {
        const mine = await wallet();
        standard.accounts = [{ address: mine.solana, publicKey: fromBase64(mine.solana_key), chains: ["solana:localnet"], features: [] }];
        return { accounts: standard.accounts };
      },
    },
    "standard:events": { version: "1.0.0", on: () => () => {} },
    "solana:signMessage": {
      version: "1.0.0",
      async signMessage(...inputs) {
        return Promise.all(inputs.map(async ({ message }) => {
          await confirmed("Sign this sentence?", new TextDecoder().decode(message));
          return { signedMessage: message, signature: await solana("message", message) };
        }));
      },
    },
    "solana:signTransaction": {
      version: "1.0.0",
      supportedTransactionVersions: ["legacy"],
      async signTransaction(...inputs) {
        return Promise.all(inputs.map(async ({ transaction }) => {
          await confirmed("Sign this transaction?", "A Solana transaction of " + transaction.length + " bytes\n" + base64Of(transaction).slice(0, 120) + "…");
          return { signedTransaction: await solana("transaction", transaction) };
        }));
      },
    },
  },
};
const registered = ({ register }) => register(standard);
window.dispatchEvent(new CustomEvent("wallet-standard:register-wallet", { detail: registered }));
window.addEventListener("wallet-standard:app-ready", (event) => registered(event.detail));
