// The pages that check: what was pasted, or a report by its place. Public files are fetched; nothing that was pasted leaves.
import { Wrong, checkProof, checkReport, hex, recognised, sha256 } from "./check.mjs";

const MARKS = {
  true: ["is-covered", "m1.5 5.5 2.5 2.5 4.5-6"],
  false: ["is-refused", "m1.5 1.5 7 7m0-7-7 7"],
  open: ["is-progress", "M5 1.2a3.8 3.8 0 1 0 .01 0M5 2.8V5.2l1.7 1"],
};
const kindOf = (step) => (step.isMissing ? "open" : String(step.ok));
const SAID = { true: ", right", false: ", wrong", open: ", still missing" };

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function mark(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 10 10", fill: "none", stroke: "currentColor", "stroke-width": "2", class: "mark", "aria-hidden": "true" })) svg.setAttribute(name, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", MARKS[kind][1]);
  svg.append(path);
  return svg;
}

function stepRow(step) {
  const kind = kindOf(step);
  const row = element("li", "", MARKS[kind][0]);
  const words = element("div");
  const title = element("h3", step.name);
  title.append(element("span", SAID[kind], "visually-hidden"));
  words.append(title, element("p", step.told));
  if (step.bytes.length) {
    const details = element("details");
    const list = element("dl");
    details.append(element("summary", "Show the bytes"), list);
    for (const [label, text] of step.bytes) list.append(element("dt", label), element("dd", text));
    words.append(details);
  }
  row.append(mark(kind), words);
  return row;
}

/** Shows steps in `out`, with one sentence above them. */
function show(out, steps, right, wrong, counted = false) {
  const broken = steps.filter((each) => !each.ok && !each.isMissing).length;
  const missing = steps.filter((each) => each.isMissing).length;
  const kind = broken ? "false" : missing ? "open" : "true";
  const unsigned = `${missing} ${missing === 1 ? "signature is" : "signatures are"} still missing`;
  const sentence = broken
    ? `${wrong} ${broken} of ${steps.length} checks failed.`
    : missing ? `${counted ? `${right} Nothing` : "Nothing"} is wrong, but ${unsigned}. The other ${steps.length - missing} checks passed.` : `${right} All ${steps.length} checks passed.`;
  const verdict = element("p", "", `check-verdict ${MARKS[kind][0]}`);
  verdict.append(mark(kind), element("span", sentence));
  const list = element("ol", "", "check-steps");
  list.append(...[...steps].sort((one, other) => Number(one.ok) - Number(other.ok)).map(stepRow));
  out.replaceChildren(verdict, list);
  out.dataset.verdict = broken ? "wrong" : missing ? "unsigned" : "right";
  return `${verdict.textContent}\n${steps.map((each) => `${each.ok ? "right" : each.isMissing ? "missing" : "WRONG"}: ${each.name}. ${each.told}`).join("\n")}`;
}

function say(out, text, verdict = "none") {
  out.replaceChildren(element("p", text));
  out.dataset.verdict = verdict;
  return text;
}

async function file(url, read) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Wrong(`A public file that the check needs could not be fetched (${answer.status}).`);
  return read === "text" ? answer.text() : answer.json();
}

const listed = async (form) => (await file(form.dataset.reports)).reports;

async function ofAddress(address, reports) {
  for (const report of reports) {
    const found = [];
    for (const stock of report.stocks) {
      if (stock.bucket_digits < 0) continue;
      // Only the first digits of the address's hash name the file: about sixteen holders share it.
      const digits = hex(await sha256(new TextEncoder().encode(address))).slice(0, stock.bucket_digits);
      const { proofs } = await file(`/check/proofs/${report.label}/${encodeURIComponent(stock.symbol)}/all${digits}.json`);
      found.push(...proofs.filter((each) => each.holder === address));
    }
    if (found.length) return { report, found };
  }
  return null;
}

async function byLabel(reports, proof) {
  for (const report of reports) {
    const document = await file(report.json);
    const stock = document.report.stocks.find((each) => each.symbol === proof.stock);
    if (stock?.holders?.about === proof.proof?.about) return document;
  }
  return null;
}

async function checked(form, out, text) {
  if (!text.trim()) return say(out, "Paste an address, a proof or a report first.");
  const given = recognised(text);
  if (given.kind === "report") return show(out, await checkReport(given.document), "The report is what its signers signed.", "Do not trust this report.");
  const reports = await listed(form);
  if (!reports.length) return say(out, "No reserve report was written yet, so there is nothing to be in.");
  if (given.kind === "proof") {
    const document = await byLabel(reports, given.document);
    if (!document) return say(out, "This proof belongs to none of the reports that are published here: it may be of an older or another issuer's report. Ask for a proof of the newest one.");
    return show(out, await checkProof(given.document, document), "You were counted.", "Do not trust this proof.", true);
  }
  const place = await ofAddress(given.address, reports);
  if (!place) return say(out, `${given.address} held none of the tokens when any of the ${reports.length} reports was cut. Tokens at a venue or in a pool are held there by its address, not by yours; tokens that came later stand in the next report.`);
  const document = await file(place.report.json);
  const steps = [];
  for (const proof of place.found) {
    for (const each of await checkProof(proof, document)) {
      const known = ["Name in the tree", "Path to the root", "Root in the report"].includes(each.name);
      if (known) steps.push({ ...each, name: `${proof.stock} on ${proof.chain}: ${each.name.toLowerCase()}` });
      else if (!steps.some((other) => other.name === each.name)) steps.push(each);
    }
  }
  return show(out, steps, `You were counted in report ${place.report.label}.`, "Something about this report is wrong.", true);
}

function watchForm(form) {
  const result = document.querySelector("#check-result");
  const out = result.querySelector(".check-out");
  const field = form.querySelector("textarea");
  const copy = form.querySelector("#check-copy");
  let said = "";
  const run = async () => {
    result.hidden = false;
    say(out, "Computing hashes…", "working");
    try {
      said = await checked(form, out, field.value);
    } catch (error) {
      said = say(out, error instanceof Wrong ? error.message : "The check could not run to its end in this browser. Nothing is known of what was pasted.");
      if (!(error instanceof Wrong)) throw error;
    } finally {
      copy.hidden = false;
      result.querySelector("h2").focus({ preventScroll: false });
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  form.querySelector("#f-file").addEventListener("change", async (event) => {
    const [chosen] = event.target.files;
    if (!chosen) return;
    field.value = await chosen.text();
    run();
  });
  copy.addEventListener("click", () => navigator.clipboard.writeText(said));
}

async function checkPlaced(section) {
  const out = section.querySelector(".check-out");
  say(out, "Computing hashes…", "working");
  try {
    const document = await file(section.dataset.checkReport);
    const page = await file(section.dataset.checkPage, "text");
    const previous = section.dataset.checkPrevious ? await file(section.dataset.checkPrevious) : undefined;
    show(out, await checkReport(document, { page, previous }), "The report is what its signers signed.", "Not everything is in order.");
  } catch (error) {
    say(out, error instanceof Wrong ? error.message : "The check could not run to its end in this browser.");
    if (!(error instanceof Wrong)) throw error;
  }
}

const form = document.querySelector("#check-form");
if (form) watchForm(form);
for (const section of document.querySelectorAll("[data-check-report]")) checkPlaced(section);
