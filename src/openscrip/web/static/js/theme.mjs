// The switch between light and dark, without a new page. The server reads the cookie, so that no page flashes.
const YEAR_S = 31536000;

export const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

/** Calls `act` whenever the colours change, by the switch or by the system. */
export function onTheme(act) {
  addEventListener("openscrip:theme", act);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
}

export function watchTheme() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-theme-switch]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const theme = isDark() ? "light" : "dark";
    document.cookie = `openscrip-theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event("openscrip:theme"));
  });
}
