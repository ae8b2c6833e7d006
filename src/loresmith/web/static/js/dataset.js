/* The dataset page: a file is dropped anywhere, and the fields that a choice needs come and go. */

import { onFiles } from "./studio.js";

const handOver = document.getElementById("hand-over");
if (handOver) acceptFile(handOver);
const exporting = document.getElementById("export");
if (exporting) followChoices(exporting);

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

// A field for `system:add` is there, and sent, only while `add` is chosen of `system`.
function followChoices(form) {
  const fields = [...form.querySelectorAll("[data-for]")];
  const follow = () => {
    for (const field of fields) {
      const [name, value] = field.dataset.for.split(":");
      field.hidden = form.elements[name].value !== value;
      for (const input of field.querySelectorAll("textarea, input, select")) input.disabled = field.hidden;
    }
  };
  form.addEventListener("change", follow);
  follow();
}
