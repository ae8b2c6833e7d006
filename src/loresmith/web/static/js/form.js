/* Forms that follow from the schema: a setting goes back to its default at a click. */

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-default]");
  if (!button) return;
  const input = document.getElementById(button.dataset.for);
  if (input.type === "checkbox") input.checked = button.dataset.default === "true";
  else input.value = button.dataset.default;
  for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
  input.focus();
  button.hidden = true;
});
