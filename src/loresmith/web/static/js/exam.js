/* The page Exam: going through the questions by keyboard, and from run to run. */

import { localTimes, oneAtATime, shortcuts } from "./studio.js";

const sheet = document.getElementById("item");

/** A look at the job that found nothing new leaves the page, its focus and its readers alone. */
let answered = "";
addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "job") return;
  if (event.detail.serverResponse === answered) event.detail.shouldSwap = false;
  answered = event.detail.serverResponse;
});

document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-go]")) location.assign(event.target.value);
});

/** To the neighbour of the question that is shown; at first to the first of the list. */
const step = oneAtATime(sheet, (which) => {
  const button = sheet?.querySelector(`[data-step="${which}"]`);
  if (button) button.click();
  else document.querySelector("#items [data-item]")?.click();
});

shortcuts({ j: () => step("next"), k: () => step("previous") });

addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "item" && event.detail.target.id !== "items") return;
  localTimes(event.detail.target);
  const shown = sheet.querySelector("[data-shown]")?.dataset.shown;
  for (const link of document.querySelectorAll("#items [data-item]")) {
    if (link.dataset.item === shown) {
      link.setAttribute("aria-current", "true");
      link.scrollIntoView({ block: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
  if (event.detail.target.id === "item" && matchMedia("(max-width: 1000px)").matches) {
    sheet.scrollIntoView({ block: "start" });
  }
});
