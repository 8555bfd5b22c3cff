// Keys of the list of markets: / goes to the search, arrows from market to market, Home and End to the first and the last.
const KEPT = "openscrip-trade-keys";
document.getElementById("markets-keys").hidden = false;
const links = () => [...document.querySelectorAll("#markets-table tbody a")];

/** Where a key leads from the link at `at`, which is -1 before the first. */
const place = (key, at, count) => ({ ArrowDown: Math.min(at + 1, count - 1), ArrowUp: Math.max(at - 1, 0), Home: 0, End: count - 1 })[key];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("f-q");
  const isWriting = event.target.matches?.("input, select, textarea");
  // As on a market's own screen: a single sign can be switched off, keys of the table's own cannot be in anybody's way.
  if (event.key === "/" && search && !isWriting && localStorage.getItem(KEPT) !== "off") {
    event.preventDefault();
    search.select();
    search.focus();
    return;
  }
  const found = links();
  const at = found.indexOf(document.activeElement);
  const isFromSearch = event.target === search && event.key === "ArrowDown";
  const next = at >= 0 || isFromSearch ? place(event.key, at, found.length) : undefined;
  if (next === undefined || !found.length) return;
  event.preventDefault();
  found[next].focus();
});
