// Prove a wallet: ask the site for a sentence, have the wallet sign it, hand the signature in by an ordinary form.
// <section data-wallets="evm solana" data-challenge="/sign-in/challenge" data-form="#sign-in-form">

import { busy, post, showWallets } from "./wallets.mjs";

for (const place of document.querySelectorAll("section[data-challenge]")) {
  const form = document.querySelector(place.dataset.form);
  const run = busy(place);
  showWallets(place, (place.dataset.wallets || "evm solana").split(" "), (wallet) =>
    run(async (said) => {
      said("Choose an account in the wallet …");
      const address = await wallet.connect();
      const asked = await post(place.dataset.challenge, { chain: wallet.kind, address });
      said("Read the sentence in the wallet, and sign it …");
      const { signature, signed } = await wallet.signText(asked.text, address, asked.input);
      said("Signed. One moment …");
      form.elements.nonce.value = asked.nonce;
      form.elements.signature.value = signature;
      if (form.elements.signed) form.elements.signed.value = signed;
      form.submit();
      await new Promise(() => {});
    }),
  );
}
