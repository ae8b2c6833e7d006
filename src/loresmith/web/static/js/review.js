/* Reviewing by keyboard: each key presses the button that it stands for, so that hand and mouse do
   the same. */

import { oneAtATime, openDialog, shortcuts } from "./studio.js";

const page = document.getElementById("review");
const find = (selector) => page.querySelector(selector);

const press = oneAtATime(page, (key) => {
  const button = find(`[data-key="${key}"]`);
  if (button && button.getAttribute("aria-disabled") !== "true") button.click();
});

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
  0: "0", 1: "1", 2: "2", 3: "3", 4: "4", 5: "5",
};
shortcuts({
  ...Object.fromEntries(Object.entries(keys).map(([key, name]) => [key, () => press(name)])),
  a: () => press("a"),
  w: () => {
    const fold = find("[data-rewrite]");
    if (!fold) return;
    fold.open = true;
    fold.querySelector("textarea").focus();
  },
  n: () => find("#note")?.focus(),
  t: () => find("#tags")?.focus(),
  "?": () => openDialog("keys"),
});

page.addEventListener("click", (event) => {
  if (event.target.closest("[data-key='e']")) edit(true);
  if (event.target.closest("[data-cancel]")) edit(false);
});
page.addEventListener("keydown", (event) => {
  if (event.target.id === "note" && ["Enter", "Escape"].includes(event.key)) event.target.blur();
  if (event.target.id === "tags" && event.key === "Escape") event.target.blur();
  const form = event.target.closest("[data-edit]");
  if (!form) return;
  if (event.key === "Escape") edit(false);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
page.addEventListener("change", (event) => {
  event.target.closest("[data-filter]")?.requestSubmit();
});

/* A note that is not sent yet stays with its row until it is, wherever one goes meanwhile. */

const draftOf = (row) => `note ${row}`;
page.addEventListener("input", (event) => {
  const row = find("[data-row]")?.dataset.row;
  if (event.target.id === "note" && row) sessionStorage.setItem(draftOf(row), event.target.value);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  const sent = /\/review\/([^/?]+)\/(?:verdict|edit|mark)(?:\?|$)/.exec(requestConfig?.path ?? "");
  if (sent && xhr.status === 200) sessionStorage.removeItem(draftOf(sent[1]));
});
function bringNoteBack() {
  const note = find("#note");
  const draft = note && sessionStorage.getItem(draftOf(find("[data-row]").dataset.row));
  if (draft) note.value = draft;
}
document.addEventListener("htmx:afterSwap", bringNoteBack);
bringNoteBack();

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
