// Checks reserve reports and holders' proofs in the browser, from their bytes alone: SHA-256 and Ed25519 by WebCrypto.
// Nothing here asks anybody for anything. Every step says what it did and shows the bytes that it did it with.
// The formats are those of docs/proof.md; openscrip-watch and tools/check_proof.py check the same files elsewhere.

const REPORT = "openscrip reserve report 1";
const PROOF = "openscrip holder proof 1";
const TREE = "openscrip merkle sum 1";
const SUM_LIMIT = 1n << 256n;
const PATH_MAX = 64;
const UNDER_WAY = "under way";
const encoder = new TextEncoder();

/** What is wrong with what was given; its message is for people. */
export class Wrong extends Error {}

const utf8 = (text) => encoder.encode(text);
export const hex = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");

export function unhex(text, what) {
  if (typeof text !== "string" || !/^([0-9a-f]{2})*$/.test(text)) throw new Wrong(`${what} is not written in hex digits.`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function unbase64(text, what) {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Wrong(`${what} is not written in base64.`);
  return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
}

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function number(value, size) {
  const bytes = new Uint8Array(size);
  for (let place = size - 1, rest = BigInt(value); place >= 0; place -= 1, rest >>= 8n) bytes[place] = Number(rest & 255n);
  return bytes;
}

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const same = (one, other) => one.length === other.length && one.every((each, place) => each === other[place]);

function whole(text, what) {
  if (typeof text !== "string" || !/^[0-9]{1,78}$/.test(text)) throw new Wrong(`${what} is not a whole number.`);
  const value = BigInt(text);
  if (value >= SUM_LIMIT) throw new Wrong(`${what} is not below 2^256.`);
  return value;
}

function count(value, what) {
  if (!Number.isSafeInteger(value) || value < 0) throw new Wrong(`${what} is not a count.`);
  return value;
}

function words(value, what) {
  if (typeof value !== "string" || !value) throw new Wrong(`${what} is missing.`);
  return value;
}

// Keys by code points, as every other reader of these files sorts them; JavaScript compares halves of characters.
function before(one, other) {
  const [first, second] = [Array.from(one), Array.from(other)];
  for (let place = 0; place < Math.min(first.length, second.length); place += 1) {
    const apart = first[place].codePointAt(0) - second[place].codePointAt(0);
    if (apart) return apart;
  }
  return first.length - second.length;
}

/** The one spelling that is hashed: keys sorted, no spaces. Numbers with a fraction are refused: amounts are strings. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort(before);
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new Wrong("A number has a fraction or is too large; amounts are strings.");
  return JSON.stringify(value);
}

/** The JSON of a file or a paste, or a sentence about what it is instead. */
export function parsed(text) {
  try {
    const found = JSON.parse(text);
    if (found !== null && typeof found === "object" && !Array.isArray(found)) return found;
  } catch {
    // told below
  }
  throw new Wrong("This is not a proof or a report: it could not be read as JSON. Paste the whole file, from the first { to the last }.");
}

/** What stands for a holder in the tree of a report. */
export async function holderName(chain, token, holder, salt) {
  const said = joined(utf8(`openscrip holder 1\0${chain}\0${token}\0${holder}\0`), salt);
  return { said, name: hex(await sha256(said)) };
}

/** Where a proof leads: root and total, with a step for each level. */
export async function climbed(proof) {
  if (proof?.format !== TREE) throw new Wrong(`The path is not of the format “${TREE}”.`);
  const [about, name] = [words(proof.about, "What the tree counts"), words(proof.name, "The name in the tree")];
  const [leaves, index] = [count(proof.count, "The count of holders"), count(proof.index, "The place in the tree")];
  const amount = whole(proof.amount, "The amount");
  if (index >= leaves || !Array.isArray(proof.path) || proof.path.length > PATH_MAX) throw new Wrong("The place lies outside the tree.");
  const steps = [];
  let said = joined(Uint8Array.of(0), number(utf8(name).length, 2), utf8(name), number(amount, 32));
  let here = await sha256(said);
  let total = amount;
  steps.push({ label: "Leaf", input: hex(said), output: hex(here), sum: String(amount) });
  const path = [...proof.path];
  for (let width = leaves, place = index, level = 1; width > 1; width = Math.ceil(width / 2), place = Math.floor(place / 2)) {
    const neighbour = place % 2 ? place - 1 : place + 1;
    if (neighbour < width) {
      if (!path.length) throw new Wrong("The path is too short for a tree of this size.");
      const [beside, sum] = path.shift();
      const [besideBytes, other] = [unhex(beside, "A hash of the path"), whole(sum, "A sum of the path")];
      if (besideBytes.length !== 32) throw new Wrong("A hash of the path does not have 32 bytes.");
      if (total + other >= SUM_LIMIT) throw new Wrong("A sum of the path is not below 2^256.");
      const mine = joined(here, number(total, 32));
      const theirs = joined(besideBytes, number(other, 32));
      said = place % 2 ? joined(Uint8Array.of(1), theirs, mine) : joined(Uint8Array.of(1), mine, theirs);
      here = await sha256(said);
      total += other;
      steps.push({ label: `Level ${level}`, input: hex(said), output: hex(here), sum: String(total) });
      level += 1;
    }
  }
  if (path.length) throw new Wrong("The path is too long for a tree of this size.");
  said = joined(utf8(`${TREE}\0`), number(utf8(about).length, 4), utf8(about), number(leaves, 8), here, number(total, 32));
  const root = hex(await sha256(said));
  steps.push({ label: "Root", input: hex(said), output: root, sum: String(total) });
  return { about, count: leaves, name, amount, total, root, steps };
}

const step = (name, ok, told, bytes = []) => ({ name, ok, told, bytes });

async function attempted(name, act) {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Wrong) return step(name, false, error.message);
    throw error;
  }
}

async function bodyStep(document) {
  const body = document.report;
  if (body?.format !== REPORT) throw new Wrong(`The report is not of the format “${REPORT}”.`);
  const text = utf8(canonical(body));
  const found = hex(await sha256(text));
  const told = found === document.sha256
    ? `The ${text.length.toLocaleString("en")} bytes of the report have the hash that the file gives.`
    : "The report has another hash than the file gives: it was changed after it was written.";
  return step("Report hash", found === document.sha256, told, [["SHA-256 of the body", found], ["the file says", String(document.sha256)]]);
}

async function signatureSteps(document) {
  const signers = Array.isArray(document.report?.signers) ? document.report.signers : [];
  if (!signers.length) return [step("Signatures", false, "The report names nobody who has to sign it.")];
  const given = Array.isArray(document.signatures) ? document.signatures : [];
  const message = joined(utf8(`${REPORT}\0`), unhex(document.sha256, "The hash of the report"));
  const steps = [];
  for (const signer of signers) {
    const who = `${signer.role} ${signer.name}`;
    const mine = given.filter((each) => each.role === signer.role && each.name === signer.name && each.public_key === signer.public_key);
    const name = `Signature of the ${who}`;
    steps.push(await attempted(name, async () => {
      if (!mine.length) return { ...step(name, false, `The ${who} has not signed this report.`), isMissing: true };
      if (mine.length > 1) return step(name, false, `The ${who} signed twice.`);
      const [key, signature] = [unbase64(signer.public_key, "The key"), unbase64(mine[0].signature, "The signature")];
      const bytes = [["Ed25519 key", hex(key)], ["signed bytes", hex(message)], ["signature", hex(signature)]];
      const fine = await verified(key, signature, message);
      return step(name, fine, fine ? `The ${who} signed exactly this hash.` : `The signature of the ${who} does not belong to this hash.`, bytes);
    }));
  }
  const strange = given.filter((each) => !signers.some((one) => one.role === each.role && one.name === each.name && one.public_key === each.public_key));
  if (strange.length) steps.push(step("Other signatures", false, "Somebody signed who is no signer of the report."));
  return steps;
}

async function verified(key, signature, message) {
  try {
    const read = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, read, signature, message);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new Wrong("This browser cannot check Ed25519 signatures; use a newer one, or openscrip-watch verify.");
    return false;
  }
}

const PLACES = { shares: 9, raw: 18 };

function atoms(text, places, what) {
  const found = typeof text === "string" && /^(-?)([0-9]{1,60})(?:\.([0-9]{1,18}))?$/.exec(text);
  if (!found || (found[3] ?? "").length > places) throw new Wrong(`${what} is not a decimal number of at most ${places} places.`);
  const value = BigInt(found[2] + (found[3] ?? "").padEnd(places, "0"));
  return found[1] ? -value : value;
}

const rows = (value) => (Array.isArray(value) ? value : []);

function sumsOf(stock) {
  const total = (lines, field, places) => rows(lines).reduce((sum, each) => sum + atoms(each[field], places, `${stock.symbol}: ${field}`), 0n);
  const held = total(stock.custody, "available", PLACES.shares);
  const raw = total(stock.supply, "raw", PLACES.raw) + total(stock.mints_in_flight, "raw", PLACES.raw);
  const claims = total(stock.redemptions_in_flight, "claim", PLACES.shares);
  const multiplier = atoms(stock.multiplier, 18, `${stock.symbol}: multiplier`);
  const unit = 10n ** 27n; // raw and multiplier have 18 places each, shares have 9
  const owed = (raw * multiplier + unit - 1n) / unit + claims;
  const told = [
    ["shares held, summed over the custodians", String(held)],
    ["shares owed: raw × multiplier rounded up, and claims", String(owed)],
    ["the report says held", String(atoms(stock.shares_held, PLACES.shares, "shares_held"))],
    ["the report says owed", String(atoms(stock.shares_owed, PLACES.shares, "shares_owed"))],
  ];
  const right = told[0][1] === told[2][1] && told[1][1] === told[3][1];
  const together = rows(stock.custody).every((line) => line.epoch === stock.chain_epoch);
  return { right, covered: together && held >= owed, held, owed, told };
}

function sumSteps(document) {
  return rows(document.report?.stocks).map((stock) => {
    const name = `Sums of ${stock.symbol}`;
    try {
      const found = sumsOf(stock);
      const fine = found.right && found.covered === stock.covered;
      const words = found.covered ? "held cover what is owed" : "held do NOT cover what is owed";
      return step(name, fine, fine ? `The figures add up; shares ${words}.` : "The figures of the report do not add up.", found.told);
    } catch (error) {
      if (error instanceof Wrong) return step(name, false, error.message);
      throw error;
    }
  });
}

async function previousStep(document, previous) {
  const named = document.report?.previous;
  if (!named) {
    const first = document.report?.number === 1;
    return step("Report before", first, first ? "This is the first report: there is none before it." : "It is not the first report and names none before it.");
  }
  if (!previous) return step("Report before", true, `It names ${named.label} as the one before it; that file was not given, so it was not read.`, [["named hash", named.sha256]]);
  const found = hex(await sha256(utf8(canonical(previous.report))));
  const fine = found === named.sha256 && previous.report.number + 1 === document.report.number;
  return step("Report before", fine, fine ? `The report before, ${named.label}, is unchanged: its hash is the one that is named here.` : `The report before, ${named.label}, is not the one that is named here.`, [["SHA-256 of the one before", found], ["named here", named.sha256]]);
}

const MARKS = ["<!-- signatures -->", "<!-- end of signatures -->"];

async function pageStep(document, page) {
  const [start, end] = MARKS.map((mark) => page.indexOf(mark));
  if (start < 0 || end < start) return step("Page", false, "The page has lost its marks.");
  const found = hex(await sha256(utf8(page.slice(0, start) + page.slice(end + MARKS[1].length))));
  const fine = found === document.report?.html_sha256;
  return step("Page", fine, fine ? "The page that people read is the page of this report." : "The page that people read is not the page of this report.", [["SHA-256 of the page", found], ["the report says", String(document.report?.html_sha256)]]);
}

async function statementSteps(document) {
  const used = new Map(rows(document.report?.stocks).flatMap((stock) => rows(stock.custody).map((line) => [line.sha256, `${stock.symbol} at ${line.custodian}`])));
  const found = [];
  for (const [sha, place] of used) {
    const name = `Statement behind ${place}`;
    found.push(await attempted(name, async () => {
      const given = rows(document.report.statements).filter((each) => each.sha256 === sha);
      if (given.length !== 1) return step(name, false, "The custodian's statement is not in the report.");
      const bytes = unbase64(given[0].content, "The statement");
      const real = hex(await sha256(bytes));
      const fine = real === sha;
      const told = fine ? `The custodian's own ${bytes.length.toLocaleString("en")} bytes are in the report and have the hash that the line names.` : "The custodian's statement was changed.";
      return step(name, fine, told, [["SHA-256 of the statement", real], ["the line names", sha]]);
    }));
  }
  return found;
}

/** All steps of a report. `beside` may hold `page`, the text of its page, and `previous`, the report before. */
export async function checkReport(document, beside = {}) {
  const steps = [await attempted("Report hash", () => bodyStep(document)), ...(await signatureSteps(document))];
  if (beside.page !== undefined) steps.push(await pageStep(document, beside.page));
  steps.push(await attempted("Report before", () => previousStep(document, beside.previous)));
  return [...steps, ...(await statementSteps(document)), ...sumSteps(document)];
}

/** All steps of a holder's proof against the report whose tree it is of. */
export async function checkProof(document, report) {
  const steps = [];
  const said = [words(document.chain, "The chain"), words(document.token, "The token"), words(document.holder, "The address")];
  steps.push(await attempted("Name in the tree", async () => {
    const { said: bytes, name } = await holderName(...said, unhex(document.salt, "The salt"));
    const fine = name === document.proof?.name;
    return step("Name in the tree", fine, fine ? `${said[2]} on ${said[0]} stands in the tree under the hash of its address and salt.` : "The name in the tree is not that of this address with this salt.", [["hashed bytes", hex(bytes)], ["SHA-256", name]]);
  }));
  let tree = null;
  steps.push(await attempted("Path to the root", async () => {
    tree = await climbed(document.proof);
    const bytes = tree.steps.flatMap((each) => [[`${each.label}: bytes`, each.input], [`${each.label}: SHA-256`, each.output], [`${each.label}: sum`, each.sum]]);
    return step("Path to the root", true, `${tree.steps.length} hashes lead from the leaf to a root; every level adds its neighbour's balance.`, bytes);
  }));
  if (tree) steps.push(rootStep(document, tree, report));
  return [...steps, ...(await checkReport(report))];
}

function rootStep(document, tree, report) {
  const stock = rows(report?.report?.stocks).find((each) => each.symbol === document.stock);
  const held = stock?.holders;
  if (!held) return step("Root in the report", false, `The report has no holders of ${document.stock}.`);
  const cut = rows(held.cuts).find((each) => each.chain === document.chain && each.token === document.token);
  if (!cut) return step("Root in the report", false, "The report did not count this token on this chain.");
  const supply = rows(stock.supply).filter((each) => each.chain !== UNDER_WAY).reduce((sum, each) => sum + atoms(each.raw, PLACES.raw, "raw"), 0n);
  const fine = same(utf8(tree.root), utf8(String(held.root))) && String(tree.total) === held.total && tree.about === held.about && tree.count === held.count;
  const adds = String(supply) === held.total;
  const told = fine && adds
    ? `The root is the one in report ${report.report.label}, and all ${held.count} holders together have the whole supply. Chain reading: ${cut.chain} at block ${cut.block}.`
    : fine ? "The holders of the report do not add up to its supply." : `The proof does not lead to the root of report ${report.report.label}: it is of another report, or was changed.`;
  return step("Root in the report", fine && adds, told, [["this proof's root", tree.root], ["the report's root", String(held.root)], ["this proof's total", String(tree.total)], ["the report's total", String(held.total)], ["supply of the chains, in 1e-18", String(supply)]]);
}

/** What a text is: a proof, a report, or an address of one of the chains. */
export function recognised(text) {
  const said = text.trim();
  if (/^0x[0-9a-fA-F]{40}$/.test(said)) return { kind: "address", address: said.toLowerCase() };
  if (/^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(said)) return { kind: "address", address: said };
  const document = parsed(said);
  if (document.format === PROOF) return { kind: "proof", document };
  if (document.report?.format === REPORT) return { kind: "report", document };
  throw new Wrong("This is JSON, but neither a holder's proof nor a reserve report.");
}
