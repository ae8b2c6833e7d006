/* The list of questions: selecting rows over pages, and saying one thing of all that are selected. */

import { openDialog, text } from "./studio.js";

const page = document.querySelector(".questions");
const list = document.getElementById("list");

/** What is selected: ids with the passages they come from, or all that match the filter. */
const selected = new Map();
let everything = false;
let query = bulk()?.dataset.query;

function bulk() {
  return document.getElementById("bulk");
}
const boxes = () => [...list.querySelectorAll("[data-row]")];
const rowOf = (box) => box.closest("tr");

function clear() {
  selected.clear();
  everything = false;
}

function select(box, on) {
  const row = rowOf(box);
  if (on) selected.set(row.dataset.id, row.dataset.chunk ?? "");
  else selected.delete(row.dataset.id);
}

function paint() {
  const bar = bulk();
  if (!bar) return;
  for (const box of boxes()) box.checked = everything || selected.has(rowOf(box).dataset.id);
  const all = list.querySelector("[data-page]");
  if (all) {
    const ticked = boxes().filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
  const total = Number(bar.dataset.total);
  const count = everything ? total : selected.size;
  const label = bar.querySelector("[data-count]");
  label.textContent = text(everything ? "all" : "some", label).replace("{n}", count.toLocaleString("en"));
  bar.hidden = count === 0;
  bar.querySelector("[data-everything]").hidden = everything || total <= count;
  bar.querySelector("[data-generate]").hidden = !everything && ![...selected.values()].some(Boolean);
}

function send(address, values) {
  const target = `${page.dataset.address}/${address}${location.search}`;
  return htmx.ajax("POST", target, { target: "#list", source: list, values });
}

function generate() {
  const target = { target: "#generate-inside", source: list };
  if (everything) {
    htmx.ajax("POST", `${page.dataset.address}/estimate${location.search}`, target);
  } else {
    const chunks = [...new Set([...selected.values()].filter(Boolean))];
    const address = page.dataset.address.replace(/questions$/, "documents/estimate");
    htmx.ajax("POST", address, { ...target, values: { chunks } });
  }
  openDialog("generate");
}

page?.addEventListener("change", (event) => {
  if (event.target.matches("[data-row]")) {
    if (everything) clear();
    select(event.target, event.target.checked);
  } else if (event.target.matches("[data-page]")) {
    everything = false;
    for (const box of boxes()) select(box, event.target.checked);
  } else return;
  paint();
});

page?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-everything]")) {
    clear();
    everything = true;
  } else if (button.matches("[data-nothing]")) clear();
  else if (button.matches("[data-generate]")) generate();
  else if (button.matches("[data-verdict]")) {
    const ids = everything ? "" : [...selected.keys()].join(",");
    send("review", { verdict: button.dataset.verdict, ids, everything });
    clear();
  } else return;
  paint();
});

document.querySelector("[data-undo]")?.addEventListener("click", () => page && send("undo", {}));

document.addEventListener("htmx:afterSwap", () => {
  const now = bulk()?.dataset.query;
  if (now !== query) clear(); // Other rows are meant by now.
  query = now;
  paint();
});
paint();
