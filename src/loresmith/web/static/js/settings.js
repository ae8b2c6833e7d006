/* The settings: the choice of a theme, and the recipe's editor. */

import { chooseTheme } from "./studio.js";

const themes = document.querySelectorAll("[data-theme-choice]");
for (const button of themes) {
  button.addEventListener("click", () => chooseTheme(button.dataset.themeChoice));
}
document.addEventListener("themechange", () => {
  const chosen = document.documentElement.dataset.theme ?? "";
  for (const button of themes) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
  }
});

const hasUnsaved = () =>
  document.querySelector("#settings-form[data-unsaved]") !== null ||
  [...document.querySelectorAll("textarea.code")].some(
    (field) => field.value !== field.defaultValue || "unsaved" in field.form.dataset,
  );

document.addEventListener("keydown", (event) => {
  const form = event.target.matches("textarea.code")
    ? event.target.form
    : document.getElementById("settings-form");
  if ((event.ctrlKey || event.metaKey) && event.key === "s" && form) {
    event.preventDefault();
    form.requestSubmit();
  }
});
// A form of settings is unsaved from the first change on; what is sent leaves with its answer.
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest("#settings-form");
    if (form) form.dataset.unsaved = "";
  });
}
// After a try to save, the first thing that is wrong is what one looks at.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "settings-form") return;
  const wrong = event.target.querySelector("[aria-invalid]");
  const told = event.target.querySelector(":scope > .notice");
  if (wrong) wrong.focus();
  else told?.scrollIntoView({ block: "nearest" });
});
// Two spaces where Tab is pressed; Escape first lets Tab leave the field.
let leaving = false;
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "recipe") return;
  if (event.key === "Tab" && !event.shiftKey && !leaving) {
    event.preventDefault();
    event.target.setRangeText("  ", event.target.selectionStart, event.target.selectionEnd, "end");
  }
  leaving = event.key === "Escape";
});
addEventListener("beforeunload", (event) => {
  if (hasUnsaved()) event.preventDefault();
});
