// Send with a wallet what an order waits for: coins that pay for it, or tokens that are handed in.
// <section data-send="/orders/ID/transaction" data-kind="evm" data-done="/orders/ID">
// With data-form the fields of that form say what; with data-follow the page data-follow/TRANSACTION follows it.

import { busy, post, showWallets } from "./wallets.mjs";

for (const place of document.querySelectorAll("section[data-send]")) {
  const run = busy(place);
  const form = place.dataset.form ? document.querySelector(place.dataset.form) : null;
  showWallets(place, [place.dataset.kind], (wallet) =>
    run(async (said) => {
      if (form && !form.reportValidity()) return;
      said("Preparing …");
      await wallet.connect();
      const asked = await post(place.dataset.send, form ? Object.fromEntries(new FormData(form)) : {});
      let sent = await wallet.send(asked, said);
      if (wallet.kind === "solana") {
        said("Signed. Handing it in …");
        sent = (await post(place.dataset.send + "/signed", { transaction: sent })).id;
      }
      said("Sent. This page follows it from here.");
      window.location.assign(place.dataset.follow ? `${place.dataset.follow}/${sent}` : place.dataset.done + "?sent=1");
    }),
  );
}
