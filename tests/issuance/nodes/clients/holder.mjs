// A holder's program with web3.js + spl-token and with kit: node holder.mjs RPC WEBSOCKET MINT SEED_HEX
import assert from "node:assert/strict";
import { Connection, Keypair, PublicKey, SendTransactionError } from "@solana/web3.js";
import * as token from "@solana/spl-token";
import {
  address, appendTransactionMessageInstruction, createKeyPairSignerFromPrivateKeyBytes, createSolanaRpc,
  createSolanaRpcSubscriptions, createTransactionMessage, lamports, airdropFactory, pipe,
  sendAndConfirmTransactionFactory, setTransactionMessageFeePayerSigner, setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";

const [http, ws, mintAddress, seed] = process.argv.slice(2);
const connection = new Connection(http, { commitment: "confirmed", wsEndpoint: ws });
const rpc = createSolanaRpc(http), rpcSubscriptions = createSolanaRpcSubscriptions(ws);
const holder = Keypair.fromSeed(Buffer.from(seed, "hex")), friend = Keypair.generate();
const program = token.TOKEN_2022_PROGRAM_ID, mint = new PublicKey(mintAddress);
const airdrop = airdropFactory({ rpc, rpcSubscriptions });
await airdrop({
  commitment: "confirmed", lamports: lamports(1_000_000_000n), recipientAddress: address(holder.publicKey.toBase58()),
});

// web3.js and spl-token: what the mint says, what is held, and a transfer.
const read = await token.getMint(connection, mint, undefined, program);
const parsed = await connection.getParsedTokenAccountsByOwner(holder.publicKey, { mint });
const mine = parsed.value[0].pubkey;
const his = await token.getOrCreateAssociatedTokenAccount(
  connection, holder, mint, friend.publicKey, false, undefined, undefined, program);
await token.transferChecked(connection, holder, mine, mint, his.address, holder, 25_000_000, 8, [], undefined, program);
const got = await token.getAccount(connection, his.address, undefined, program);
await assert.rejects(
  token.transferChecked(connection, holder, mine, mint, his.address, holder, 10n ** 15n, 8, [], undefined, program),
  error => error instanceof SendTransactionError && error.logs.some(line => line.includes("insufficient funds")),
);

// kit: the same transfer, written by hand and confirmed by subscription.
const signer = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(Buffer.from(seed, "hex")));
const data = new Uint8Array(10), view = new DataView(data.buffer);
view.setUint8(0, 12);
view.setBigUint64(1, 5_000_000n, true);
view.setUint8(9, 8);
const instruction = {
  programAddress: address(program.toBase58()),
  accounts: [
    { address: address(mine.toBase58()), role: 1 }, { address: address(mintAddress), role: 0 },
    { address: address(his.address.toBase58()), role: 1 }, { address: signer.address, role: 2, signer },
  ],
  data,
};
const { value: latest } = await rpc.getLatestBlockhash().send();
const signed = await signTransactionMessageWithSigners(pipe(
  createTransactionMessage({ version: 0 }),
  message => setTransactionMessageFeePayerSigner(signer, message),
  message => setTransactionMessageLifetimeUsingBlockhash(latest, message),
  message => appendTransactionMessageInstruction(instruction, message),
));
await sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions })(signed, { commitment: "confirmed" });
const { value: [left] } = await rpc.getTokenAccountsByOwner(
  signer.address, { mint: address(mintAddress) }, { encoding: "jsonParsed" }).send();

const metadata = await token.getTokenMetadata(connection, mint);
console.log(JSON.stringify({
  symbol: metadata.symbol,
  decimals: read.decimals,
  multiplier: token.getScaledUiAmountConfig(read).multiplier,
  paused: token.getPausableConfig(read).paused,
  hasOneAuthority: [
    token.getPermanentDelegate(read).delegate, token.getPausableConfig(read).authority,
    token.getScaledUiAmountConfig(read).authority, read.freezeAuthority,
  ].every(key => key.equals(read.mintAuthority)),
  held: parsed.value[0].account.data.parsed.info.tokenAmount.uiAmountString,
  received: String(got.amount),
  left: left.account.data.parsed.info.tokenAmount.uiAmountString,
  friend: friend.publicKey.toBase58(),
}));
process.exit(0);
