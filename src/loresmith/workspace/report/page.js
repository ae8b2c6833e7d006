/* Filters for the questions of report.html. Without this script every question is simply there. */
(() => {
  "use strict";
  const form = document.querySelector(".filters");
  if (!form) return;
  const items = [...document.querySelectorAll(".item")];
  const sets = [...document.querySelectorAll(".set")];
  const chips = [...form.querySelectorAll("button[data-outcome]")];
  const pickers = [...form.querySelectorAll("select")];
  const search = form.querySelector("input");
  const shown = form.querySelector("[data-shown]");
  const nothing = document.querySelector("[data-nothing]");
  const texts = new Map(items.map((item) => [item, item.textContent.toLowerCase()]));
  let outcome = "";

  function fits(item) {
    if (outcome && item.dataset.outcome !== outcome) return false;
    if (pickers.some((p) => p.value && item.dataset[p.name] !== p.value)) return false;
    const wanted = search.value.trim().toLowerCase();
    return !wanted || texts.get(item).includes(wanted);
  }

  function show() {
    let count = 0;
    for (const item of items) {
      item.hidden = !fits(item);
      if (!item.hidden) count += 1;
    }
    for (const set of sets) set.hidden = !set.querySelector(".item:not([hidden])");
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.outcome === outcome));
    shown.textContent = `${count} / ${items.length}`;
    nothing.hidden = count > 0;
  }

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      outcome = chip.dataset.outcome;
      show();
    });
  }
  for (const picker of pickers) picker.addEventListener("change", show);
  search.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of form.querySelectorAll("button[data-open]")) {
    button.addEventListener("click", () => {
      for (const item of items) if (!item.hidden) item.open = button.dataset.open === "yes";
    });
  }
  form.hidden = false;
  show();
})();
