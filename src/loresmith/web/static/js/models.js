/* The models page: a teacher's model is asked for only where there is a choice of one, and taken
   from the provider's own list with a click. */

document.addEventListener("change", (event) => {
  const choice = event.target;
  const form = choice.closest("form[data-teacher]");
  if (!form || choice.name !== "provider") return;
  const model = form.elements.model;
  model.hidden = ["", "embedded"].includes(choice.value);
  model.value = choice.selectedOptions[0]?.dataset.model ?? "";
  model.setAttribute("list", `names-${choice.value}`);
  if (!model.hidden) model.focus();
});

document.addEventListener("click", (event) => {
  const name = event.target.closest("[data-take]");
  if (!name) return;
  const row = document.getElementById(`provider-${name.dataset.of}`);
  row.querySelector('input[name="model"]').value = name.dataset.take;
  // A project that already has this provider as its teacher gets the model, but is not saved yet.
  for (const form of document.querySelectorAll("form[data-teacher]"))
    if (form.elements.provider.value === name.dataset.of) form.elements.model.value = name.dataset.take;
  row.querySelector('input[name="model"]').focus();
});

document.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset.narrow ?? "");
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
});

/* Where a key was entered or deleted, the choices of a teacher say so at once. */
document.addEventListener("htmx:afterSettle", () => {
  for (const row of document.querySelectorAll("[data-provider]")) {
    const { provider, key } = row.dataset;
    for (const option of document.querySelectorAll(`option[value="${provider}"][data-name]`))
      option.textContent = key === "missing" ? option.dataset.without : option.dataset.name;
    if (key === "set") document.getElementById("only-embedded")?.remove();
  }
});
