/* The page Projects: opens the dialogs that the server sends, and the choice of what to copy. */

const place = document.getElementById("dialog");

place.addEventListener("htmx:afterSwap", () => {
  const dialog = place.querySelector("dialog[data-show-now]");
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const field = dialog.querySelector("input:not([type=hidden])");
  field?.select();
});

// What is not copied from is not asked for.
document.addEventListener("change", (event) => {
  if (event.target.name !== "source") return;
  const form = event.target.form;
  const which = form.querySelector(".copy-of");
  if (which) which.hidden = form.elements.source.value !== "copy";
  form.querySelector(".domain-of").hidden = form.elements.source.value !== "blank";
});

// The cards are asked for again and again; not while a dialog is open, whose focus would be lost.
document.addEventListener("htmx:beforeRequest", (event) => {
  const isPoll = event.target.id === "projects" && event.detail.requestConfig.verb === "get";
  if (isPoll && document.querySelector("dialog[open]")) event.preventDefault();
});
