/* The dataset page: a file is dropped anywhere, and the field of the system prompt comes and goes. */

import { onFiles } from "./studio.js";

const handOver = document.getElementById("hand-over");
if (handOver) acceptFile(handOver);
const exporting = document.getElementById("export");
if (exporting) followSystemPrompt(exporting);

function acceptFile(form) {
  const input = document.getElementById("file");
  onFiles(input, () => form.requestSubmit());
  // Dropped beside the field, a file would replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("dragover", () => form.classList.add("over"));
  for (const name of ["dragleave", "drop"]) addEventListener(name, () => form.classList.remove("over"));
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  // The same file can be chosen again once it is mended.
  form.addEventListener("htmx:afterRequest", () => (input.value = ""));
}

function followSystemPrompt(form) {
  const choice = form.elements.system;
  const field = form.querySelector('[data-for="add"]');
  const follow = () => (field.hidden = choice.value !== "add");
  choice.addEventListener("change", follow);
  follow();
}
