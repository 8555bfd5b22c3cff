// An ordinary program with @solana/web3.js 1.x and @solana/spl-token: node web3.mjs RPC WEBSOCKET OUR_MINT HOLDER
import assert from "node:assert/strict";
import {
  Connection, Keypair, LAMPORTS_PER_SOL, PublicKey, SendTransactionError, SystemProgram, Transaction,
  TransactionExpiredBlockheightExceededError, sendAndConfirmTransaction,
} from "@solana/web3.js";
import * as token from "@solana/spl-token";

const [rpc, wsEndpoint, ourMint, holder] = process.argv.slice(2);
const connection = new Connection(rpc, { commitment: "confirmed", ...(wsEndpoint ? { wsEndpoint } : {}) });
const alice = Keypair.generate(), bob = Keypair.generate();
const program = token.TOKEN_2022_PROGRAM_ID;

async function airdrop(to, sol) {
  const latest = await connection.getLatestBlockhash();
  const signature = await connection.requestAirdrop(to, sol * LAMPORTS_PER_SOL);
  const { value } = await connection.confirmTransaction({ signature, ...latest });
  assert.equal(value.err, null);
}

function next(subscribe, unsubscribe, matches = () => true) {
  return new Promise(resolve => {
    const id = subscribe((...told) => {
      if (!matches(...told)) return;
      resolve(told);
      unsubscribe(id);
    });
  });
}

async function payments() {
  await airdrop(alice.publicKey, 10);
  const pay = lamports => new Transaction().add(SystemProgram.transfer({
    fromPubkey: alice.publicKey, toPubkey: bob.publicKey, lamports,
  }));
  const seen = next(f => connection.onAccountChange(bob.publicKey, f), id => connection.removeAccountChangeListener(id));
  const logged = next(f => connection.onLogs(alice.publicKey, f), id => connection.removeOnLogsListener(id));
  const slot = next(f => connection.onSlotChange(f), id => connection.removeSlotChangeListener(id));
  const root = next(f => connection.onRootChange(f), id => connection.removeRootChangeListener(id));
  await slot; await root;
  const signature = await sendAndConfirmTransaction(connection, pay(LAMPORTS_PER_SOL), [alice]);
  const [account] = await seen;
  assert.equal(account.lamports, LAMPORTS_PER_SOL);
  const [logs] = await logged;
  assert.equal(logs.signature, signature);
  assert.equal(logs.err, null);
  assert.ok(logs.logs.includes("Program 11111111111111111111111111111111 success"));
  assert.equal(await connection.getBalance(bob.publicKey), LAMPORTS_PER_SOL);

  const found = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0 });
  assert.equal(found.meta.preBalances[1], 0);
  assert.equal(found.meta.postBalances[1], LAMPORTS_PER_SOL);
  assert.equal(found.version, "legacy");
  const parsed = await connection.getParsedTransaction(signature);
  const [instruction] = parsed.transaction.message.instructions;
  assert.deepEqual([instruction.program, instruction.parsed.type], ["system", "transfer"]);
  assert.equal(instruction.parsed.info.lamports, LAMPORTS_PER_SOL);
  assert.ok(parsed.transaction.message.accountKeys[0].signer);

  await assert.rejects(sendAndConfirmTransaction(connection, pay(100 * LAMPORTS_PER_SOL), [alice]), error => {
    assert.ok(error instanceof SendTransactionError);
    assert.match(error.message, /custom program error: 0x1/);
    assert.ok(error.logs.some(line => line.includes("insufficient lamports")));
    return true;
  });
  return { signature, pay, slot: found.slot };
}

async function blocks({ signature, slot }) {
  await connection._rpcRequest("openscrip_skipSlots", [1]);
  assert.ok((await connection.getBlocks(slot)).includes(slot));
  const block = await connection.getBlock(slot, { maxSupportedTransactionVersion: 0 });
  assert.ok(block.transactions.some(one => one.transaction.signatures[0] === signature));
  assert.ok((await connection.getParsedBlock(slot, { maxSupportedTransactionVersion: 0 })).transactions.length >= 1);
  assert.ok((await connection.getBlockSignatures(slot)).signatures.includes(signature));
  assert.equal(typeof (await connection.getBlockTime(slot)), "number");
  const mentions = await connection.getSignaturesForAddress(bob.publicKey);
  assert.deepEqual(mentions.map(one => one.signature), [signature]);
}

async function tokens() {
  const mint = await token.createMint(connection, alice, alice.publicKey, alice.publicKey, 6, undefined, undefined, program);
  const mine = await token.getOrCreateAssociatedTokenAccount(
    connection, alice, mint, alice.publicKey, false, undefined, undefined, program);
  const his = await token.getOrCreateAssociatedTokenAccount(
    connection, alice, mint, bob.publicKey, false, undefined, undefined, program);
  const seen = next(
    f => connection.onProgramAccountChange(program, f, {
      commitment: "confirmed", filters: [{ memcmp: { offset: 32, bytes: bob.publicKey.toBase58() } }],
    }),
    id => connection.removeProgramAccountChangeListener(id),
  );
  await token.mintToChecked(connection, alice, mint, mine.address, alice, 5_000_000, 6, [], undefined, program);
  const moved = await token.transferChecked(
    connection, alice, mine.address, mint, his.address, alice, 1_250_000, 6, [], undefined, program);
  const [told] = await seen;
  assert.equal(told.accountId.toBase58(), his.address.toBase58());
  assert.equal(token.AccountLayout.decode(told.accountInfo.data.subarray(0, 165)).amount, 1_250_000n);

  const account = await token.getAccount(connection, his.address, undefined, program);
  assert.equal(account.amount, 1_250_000n);
  assert.equal((await token.getMint(connection, mint, undefined, program)).supply, 5_000_000n);
  const held = await connection.getParsedTokenAccountsByOwner(bob.publicKey, { programId: program });
  assert.equal(held.value.length, 1);
  assert.equal(held.value[0].account.data.program, "spl-token-2022");
  assert.equal(held.value[0].account.data.parsed.info.tokenAmount.amount, "1250000");
  const byMint = await connection.getTokenAccountsByOwner(bob.publicKey, { mint });
  assert.equal(byMint.value[0].pubkey.toBase58(), his.address.toBase58());
  assert.equal((await connection.getTokenSupply(mint)).value.uiAmountString, "5");
  assert.equal((await connection.getTokenAccountBalance(mine.address)).value.uiAmount, 3.75);
  const largest = (await connection.getTokenLargestAccounts(mint)).value;
  assert.deepEqual(largest.map(one => one.amount), ["3750000", "1250000"]);

  const parsed = await connection.getParsedTransaction(moved);
  const { info, type } = parsed.transaction.message.instructions[0].parsed;
  assert.equal(type, "transferChecked");
  assert.deepEqual([info.tokenAmount.uiAmountString, info.authority], ["1.25", alice.publicKey.toBase58()]);
  const after = parsed.meta.postTokenBalances.map(one => [one.owner, one.uiTokenAmount.amount]).sort();
  assert.deepEqual(after, [[alice.publicKey.toBase58(), "3750000"], [bob.publicKey.toBase58(), "1250000"]].sort());

  await assert.rejects(
    token.transferChecked(connection, alice, mine.address, mint, his.address, alice, 9_000_000, 6, [], undefined, program),
    error => error instanceof SendTransactionError && error.logs.some(line => line.includes("insufficient funds")),
  );
  await assert.rejects(token.getAccount(connection, alice.publicKey, undefined, program), token.TokenInvalidAccountOwnerError);
  await assert.rejects(
    token.getAccount(connection, Keypair.generate().publicKey, undefined, program), token.TokenAccountNotFoundError);
}

async function ours() {
  const key = new PublicKey(ourMint);
  const mint = await token.getMint(connection, key, undefined, program);
  const metadata = await token.getTokenMetadata(connection, key);
  const parsed = (await connection.getParsedAccountInfo(key)).value.data.parsed;
  const held = await connection.getParsedTokenAccountsByOwner(new PublicKey(holder), { mint: key });
  return {
    decimals: mint.decimals,
    supply: String(mint.supply),
    multiplier: token.getScaledUiAmountConfig(mint).newMultiplier,
    paused: token.getPausableConfig(mint).paused,
    delegate: token.getPermanentDelegate(mint).delegate.toBase58(),
    hook: token.getTransferHook(mint).programId.toBase58(),
    metadataAt: token.getMetadataPointerState(mint).metadataAddress.toBase58(),
    defaultState: token.getDefaultAccountState(mint).state,
    name: metadata.name,
    symbol: metadata.symbol,
    additional: metadata.additionalMetadata,
    extensions: parsed.info.extensions.map(one => one.extension),
    shown: held.value[0].account.data.parsed.info.tokenAmount.uiAmountString,
    shownByProgram: await token.amountToUiAmount(connection, alice, key, 100_050_000_000n, program),
  };
}

async function expiry({ pay }) {
  const stale = await connection.getLatestBlockhash();
  const transaction = pay(777);
  Object.assign(transaction, { ...stale, recentBlockhash: stale.blockhash, feePayer: alice.publicKey });
  transaction.sign(alice);
  await connection._rpcRequest("openscrip_skipSlots", [152]);
  await assert.rejects(connection.sendRawTransaction(transaction.serialize()), /Blockhash not found/);
  const signature = await connection.sendRawTransaction(
    transaction.serialize(), { skipPreflight: true }).catch(() => "refused");
  assert.equal(signature, "refused");
  const never = transaction.signature;
  await assert.rejects(
    connection.confirmTransaction({ signature: (await import("bs58")).default.encode(never), ...stale }),
    TransactionExpiredBlockheightExceededError,
  );
}

async function clusterReads() {
  assert.ok((await connection.getVersion())["solana-core"]);
  assert.ok((await connection.getEpochInfo()).absoluteSlot > 0);
  assert.ok((await connection.getEpochSchedule()).slotsPerEpoch > 0);
  assert.ok((await connection.getSupply()).value.total > 0);
  assert.deepEqual(await connection.getRecentPrioritizationFees(), []);
  assert.ok((await connection.getSlotLeader()).length > 30);
  assert.ok((await connection.getGenesisHash()).length > 30);
  await connection.getInflationGovernor();
  await connection.getInflationRate();
  await connection.getClusterNodes();
  await connection.getVoteAccounts();
  assert.equal((await connection.getFeeForMessage(new Transaction({
    feePayer: alice.publicKey, ...(await connection.getLatestBlockhash()),
  }).compileMessage())).value, 5000);
}

const paid = await payments();
await blocks(paid);
await tokens();
await clusterReads();
const told = await ours();
await expiry(paid);
console.log(JSON.stringify(told));
process.exit(0);
