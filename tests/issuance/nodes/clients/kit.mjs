// An ordinary program with @solana/kit: node kit.mjs RPC WEBSOCKET OUR_MINT
import assert from "node:assert/strict";
import {
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE, address, airdropFactory,
  appendTransactionMessageInstruction, createSolanaRpc, createSolanaRpcSubscriptions, createTransactionMessage,
  generateKeyPairSigner, getBase64EncodedWireTransaction, getSignatureFromTransaction, isSolanaError, lamports, pipe,
  sendAndConfirmTransactionFactory, setTransactionMessageFeePayerSigner, setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";

const [http, ws, ourMint] = process.argv.slice(2);
const rpc = createSolanaRpc(http), rpcSubscriptions = createSolanaRpcSubscriptions(ws);
const airdrop = airdropFactory({ rpc, rpcSubscriptions });
const sendAndConfirm = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions });
const alice = await generateKeyPairSigner(), bob = await generateKeyPairSigner();
const MEMO = address("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const SYSTEM = address("11111111111111111111111111111111");

const memo = text => ({ programAddress: MEMO, accounts: [], data: new TextEncoder().encode(text) });
function transfer(from, to, amount) {
  const data = new Uint8Array(12), view = new DataView(data.buffer);
  view.setUint32(0, 2, true);
  view.setBigUint64(4, amount, true);
  return {
    programAddress: SYSTEM,
    accounts: [{ address: from.address, role: 3, signer: from }, { address: to, role: 1 }],
    data,
  };
}
async function signed(...instructions) {
  const { value: latest } = await rpc.getLatestBlockhash().send();
  return signTransactionMessageWithSigners(instructions.reduce(
    (message, one) => appendTransactionMessageInstruction(one, message),
    pipe(
      createTransactionMessage({ version: 0 }),
      message => setTransactionMessageFeePayerSigner(alice, message),
      message => setTransactionMessageLifetimeUsingBlockhash(latest, message),
    ),
  ));
}
async function first(notifications) {
  for await (const one of notifications) return one;
}

await airdrop({ commitment: "confirmed", lamports: lamports(5_000_000_000n), recipientAddress: alice.address });
const stop = new AbortController(), options = { abortSignal: stop.signal };
const accounts = await rpcSubscriptions.accountNotifications(
  bob.address, { commitment: "confirmed", encoding: "base64" }).subscribe(options);
const logs = await rpcSubscriptions.logsNotifications({ mentions: [MEMO] }, { commitment: "confirmed" }).subscribe(options);
const slots = await rpcSubscriptions.slotNotifications().subscribe(options);
assert.ok((await first(slots)).slot > 0n);

// The iterators listen from here on, so that nothing of what follows is missed.
const accountHeard = first(accounts), logsHeard = first(logs);
const paid = await signed(transfer(alice, bob.address, 1_000_000_000n), memo("kit"));
await sendAndConfirm(paid, { commitment: "confirmed" });
assert.equal((await accountHeard).value.lamports, 1_000_000_000n);
assert.equal((await logsHeard).value.signature, getSignatureFromTransaction(paid));
stop.abort();

const found = await rpc.getTransaction(getSignatureFromTransaction(paid), {
  encoding: "jsonParsed", maxSupportedTransactionVersion: 0,
}).send();
assert.equal(found.version, 0);
assert.equal(found.transaction.message.instructions[1].parsed, "kit");
assert.equal(found.meta.postBalances[1], 1_000_000_000n);

const tooMuch = await signed(transfer(alice, bob.address, 900_000_000_000n));
await assert.rejects(sendAndConfirm(tooMuch, { commitment: "confirmed" }), error => {
  assert.ok(isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE));
  assert.ok(error.context.logs.some(line => line.includes("insufficient lamports")));
  return true;
});
const wire = getBase64EncodedWireTransaction(await signed(memo("rehearsed")));
const rehearsed = await rpc.simulateTransaction(wire, { encoding: "base64", innerInstructions: true }).send();
assert.equal(rehearsed.value.err, null);

const { value: mint } = await rpc.getAccountInfo(address(ourMint), { encoding: "jsonParsed" }).send();
const slot = await rpc.getSlot().send();
await rpc.getBlockHeight().send();
await rpc.getEpochInfo().send();
const scaled = mint.data.parsed.info.extensions.find(one => one.extension === "scaledUiAmountConfig").state;
console.log(JSON.stringify({ slot: Number(slot), program: mint.data.program, multiplier: scaled.newMultiplier }));
process.exit(0);
