// How long a promise still holds, in market time: the server says when it ends and what time it was; the page counts.
// <time data-countdown data-left="60" data-standing="1">; `data-then` names what is shown when it is over.

for (const place of document.querySelectorAll("[data-countdown]")) {
  if (place.dataset.standing === "1") continue; // the simulated clock stands: nothing runs out by itself
  const ends = performance.now() + Number(place.dataset.left) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    place.textContent = left >= 60 ? Math.floor(left / 60) + " min " + (left % 60) + " s" : left + " s";
    if (left > 0) {
      setTimeout(tick, 250);
      return;
    }
    const over = document.querySelector(place.dataset.then || "#none");
    if (over) over.hidden = false;
  };
  tick();
}
