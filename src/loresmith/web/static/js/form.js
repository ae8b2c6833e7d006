/* Forms that follow from the schema: a setting goes back to its default at a click, and what is
   chosen in an order is moved up and down. */

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

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-move]");
  if (!button) return;
  const item = button.closest(".member");
  const up = button.dataset.move === "up";
  let beside = item;
  do beside = up ? beside.previousElementSibling : beside.nextElementSibling;
  while (beside && !beside.classList.contains("chosen"));
  if (!beside) return;
  if (up) beside.before(item);
  else beside.after(item);
  for (const kind of ["input", "change"]) item.dispatchEvent(new Event(kind, { bubbles: true }));
  button.focus();
});
