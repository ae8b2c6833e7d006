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
  [...document.querySelectorAll("textarea.code")].some(
    (field) => field.value !== field.defaultValue || "unsaved" in field.form.dataset,
  );

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s" && event.target.matches("textarea.code")) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
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
