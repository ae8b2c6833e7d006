/* Reviewing by keyboard: each key presses the button that it stands for, so that hand and mouse do
   the same. */

import { openDialog, shortcuts } from "./studio.js";

const page = document.getElementById("review");
const find = (selector) => page.querySelector(selector);

/* Keys that came while a row was being changed for the next: each is for the row that follows. */
const waiting = [];
let busy = false;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === page) busy = true;
});
for (const end of ["htmx:afterSettle", "htmx:responseError", "htmx:sendError", "htmx:abort"]) {
  document.addEventListener(end, () => {
    busy = false;
    if (waiting.length) press(waiting.shift());
  });
}

function press(key) {
  if (busy) {
    waiting.push(key);
    return;
  }
  const button = find(`[data-key="${key}"]`);
  if (button && button.getAttribute("aria-disabled") !== "true") button.click();
}

function edit(on) {
  const form = find("[data-edit]");
  if (!form) return;
  form.hidden = !on;
  find("[data-shown]").hidden = on;
  find("[data-verdicts]").hidden = on;
  if (on) form.querySelector("textarea").focus();
  else find("[data-key='e']").focus();
}

const keys = {
  j: "j", ArrowRight: "j", ArrowDown: "j",
  k: "k", ArrowLeft: "k", ArrowUp: "k",
  c: "c", r: "r", e: "e", u: "u",
};
shortcuts({
  ...Object.fromEntries(Object.entries(keys).map(([key, name]) => [key, () => press(name)])),
  n: () => find("#note")?.focus(),
  "?": () => openDialog("keys"),
});

page.addEventListener("click", (event) => {
  if (event.target.closest("[data-key='e']")) edit(true);
  if (event.target.closest("[data-cancel]")) edit(false);
});
page.addEventListener("keydown", (event) => {
  if (event.target.id === "note" && ["Enter", "Escape"].includes(event.key)) event.target.blur();
  const form = event.target.closest("[data-edit]");
  if (!form) return;
  if (event.key === "Escape") edit(false);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
page.addEventListener("change", (event) => {
  event.target.closest("[data-filter]")?.requestSubmit();
});

/** Brings the evidence into sight, without moving the page. */
function showEvidence() {
  const source = find("[data-source]");
  const mark = source?.querySelector("mark");
  if (!mark) return;
  // Rectangles, as a cell of a table would be the origin of its marks' offsets.
  const below = mark.getBoundingClientRect().top - source.getBoundingClientRect().top;
  source.scrollTop += below - source.clientHeight / 3;
}
document.addEventListener("htmx:afterSwap", showEvidence);
showEvidence();
