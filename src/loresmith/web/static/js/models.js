/* The models page: a teacher's model is asked for only where there is a choice of one. */

document.addEventListener("change", (event) => {
  const choice = event.target;
  const form = choice.closest("form[data-teacher]");
  if (!form || choice.name !== "provider") return;
  const model = form.elements.model;
  model.hidden = choice.value === "embedded";
  model.value = choice.selectedOptions[0]?.dataset.model ?? "";
  if (!model.hidden) model.focus();
});
