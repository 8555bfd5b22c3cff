// Passkeys: the server writes what to ask on the form, the authenticator answers, the form carries it back.
// <form data-passkey="get|create" data-options="{…}"> with hidden fields `credential`, `nonce`, `csrf` and a button.

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = form.querySelector("[data-passkey-said]");
  const button = form.querySelector("button");
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
    said.textContent = "This browser has no passkeys. Use a newer one, or sign in with a wallet.";
    button.disabled = true;
    continue;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = "Answer the question of your device …";
    try {
      const told = JSON.parse(form.dataset.options);
      const key =
        form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(told) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(told) });
      form.elements.credential.value = JSON.stringify(key);
      form.submit();
    } catch (error) {
      said.textContent =
        error.name === "InvalidStateError"
          ? "This device holds a key for you already. Use another device."
          : "Nothing was done: the question was not answered. Try again.";
      button.disabled = false;
    }
  });
}
