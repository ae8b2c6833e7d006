/* Documents: files are dropped and sent one by one; passages are pointed at and selected. */

import { onFiles, text } from "./studio.js";

const upload = document.getElementById("upload");
if (upload) acceptFiles();
const passages = document.getElementById("passages");
if (passages) followPassages();
const chunking = document.getElementById("chunking");
if (chunking) lookAheadOnlyAtWhatIsNew();

/* Upload ---------------------------------------------------------------------------------------- */

function acceptFiles() {
  const drop = document.getElementById("drop");
  for (const id of ["files", "folder"]) {
    const input = document.getElementById(id);
    onFiles(input, () => {
      send([...input.files]);
      input.value = "";
    });
  }
  // Dropped beside the field, a file would replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("dragover", () => drop.classList.add("over"));
  for (const name of ["dragleave", "drop"]) addEventListener(name, () => drop.classList.remove("over"));
  addEventListener("drop", async (event) => send(await filesIn(event.dataTransfer)));
  document.getElementById("results-close").addEventListener("click", () => {
    document.getElementById("results").hidden = true;
    document.getElementById("results-list").replaceChildren();
    Object.assign(sent, { total: 0, ended: 0, taken: 0, hidden: 0 });
  });
  document.getElementById("results-list").addEventListener("click", (event) => {
    const item = event.target.closest("[data-replace]")?.closest("li");
    if (item) begin(waiting.get(item), { replace: true, item });
  });
}

const AT_ONCE = 2;
const queue = [];
const waiting = new WeakMap();
const sent = { total: 0, ended: 0, taken: 0, hidden: 0 };
let running = 0;

function send(files) {
  if (!files.length) return;
  document.getElementById("results").hidden = false;
  for (const file of files) {
    if (file.name.startsWith(".") || /(^|\/)\./.test(file.webkitRelativePath ?? "")) {
      sent.hidden += 1;
      continue;
    }
    begin(file);
  }
  showSummary();
}

function begin(file, { replace = false, item = null } = {}) {
  const line = document.createElement("li");
  line.append(named(file.name), said(text("waiting", upload)));
  if (item) item.replaceWith(line);
  else document.getElementById("results-list").prepend(line);
  if (!item) sent.total += 1;
  const fault = item ? "" : faultOf(file);
  if (fault) {
    line.lastChild.textContent = text(fault, upload);
    line.className = "refused";
    sent.ended += 1;
    return;
  }
  if (item) sent.ended -= 1;
  queue.push({ file, line, replace });
  work();
}

function faultOf(file) {
  const ending = /\.[^.]+$/.exec(file.name.toLowerCase())?.[0] ?? "";
  if (!upload.dataset.supported.split(" ").includes(ending)) return "unsupported";
  return file.size > Number(upload.dataset.maxBytes) ? "tooLarge" : "";
}

async function work() {
  if (running >= AT_ONCE || !queue.length) return;
  running += 1;
  const { file, line, replace } = queue.shift();
  showResult(line, file, await sendOne(file, line, replace));
  running -= 1;
  showSummary();
  if (!running && !queue.length) document.body.dispatchEvent(new Event("documents-changed"));
  work();
}

function sendOne(file, line, replace) {
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", file.name);
  line.lastChild.replaceWith(bar);
  const form = new FormData();
  form.append("replace", String(replace));
  form.append("file", file, file.name);
  const call = new XMLHttpRequest();
  call.open("POST", upload.dataset.address);
  call.setRequestHeader("X-CSRF-Token", document.querySelector('meta[name="csrf-token"]').content);
  call.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  call.upload.addEventListener("load", () => {
    bar.replaceWith(said(text("reading", upload)));
  });
  return new Promise((answer) => {
    call.addEventListener("load", () => answer(call));
    call.addEventListener("error", () => answer(null));
    call.send(form);
  });
}

function showResult(line, file, call) {
  sent.ended += 1;
  if (!call || call.status !== 200) {
    line.className = "refused";
    line.replaceChildren(named(file.name), said(problemIn(call), "bad"));
    return;
  }
  // The fragment is the server's own: whatever it quotes of the file is escaped there.
  const holder = document.createElement("template");
  holder.innerHTML = call.responseText.trim();
  const result = holder.content.firstElementChild;
  waiting.set(result, file);
  line.replaceWith(result);
  if (result.className !== "refused") sent.taken += 1;
}

function problemIn(call) {
  if (!call) return text("unreachable");
  try {
    return JSON.parse(call.responseText).detail;
  } catch {
    return text("failed");
  }
}

function showSummary() {
  const words = text("summary", upload)
    .replace("{taken}", sent.taken)
    .replace("{total}", sent.total);
  const skipped = sent.hidden ? ` · ${text("skipped", upload).replace("{count}", sent.hidden)}` : "";
  document.getElementById("results-summary").textContent = words + skipped;
  document.getElementById("results-progress").value = sent.total ? sent.ended / sent.total : 0;
}

function named(name) {
  const made = document.createElement("bdi");
  made.textContent = name;
  return made;
}

function said(words, className = "soft") {
  const made = document.createElement("span");
  made.className = `${className} small`;
  made.textContent = words;
  return made;
}

/** The files that were dropped, those in folders too. */
async function filesIn(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesBelow))).flat();
}

async function filesBelow(entry) {
  if (entry.name.startsWith(".")) {
    sent.hidden += 1;
    return [];
  }
  if (entry.isFile) return [await new Promise((found, failed) => entry.file(found, failed))];
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    // A reader gives at most 100 entries at once.
    const part = await new Promise((found, failed) => reader.readEntries(found, failed));
    if (!part.length) break;
    inside.push(...part);
  }
  return (await Promise.all(inside.map(filesBelow))).flat();
}

/* Passages --------------------------------------------------------------------------------------- */

function followPassages() {
  const title = document.getElementById("context-title");
  const context = document.getElementById("context");
  const point = (event) => {
    const passage = event.target.closest?.("[data-passage]");
    if (!passage || passage.dataset.number === context.dataset.number) return;
    context.dataset.number = passage.dataset.number;
    title.textContent = title.dataset.textPassage.replace("{number}", passage.dataset.number);
    context.textContent = passage.dataset.context || "—";
  };
  passages.addEventListener("mouseover", point);
  passages.addEventListener("focusin", point);
  // With passages selected, those are asked about; with none, the whole document.
  passages.addEventListener("change", () => {
    const some = passages.querySelector('[name="chunks"]:checked') !== null;
    document.querySelector("#this-document input").disabled = some;
  });
  for (const place of document.querySelectorAll(".coverage [data-start], .outline [data-start]")) {
    place.addEventListener("click", (event) => goTo(Number(place.dataset.start), event));
  }
}

/** Scrolls to the passage at a position if it is on the page, else loads the text from there. */
function goTo(position, event) {
  const shown = [...passages.querySelectorAll("[data-start]")];
  const found = shown.findLast((one) => Number(one.dataset.start) <= position);
  const isLast = found === shown.at(-1);
  event.preventDefault();
  if (found && !isLast) found.scrollIntoView({ block: "start" });
  else location.search = `?start=${position}`;
}

/* Chunking -------------------------------------------------------------------------------------- */

/** Settings that were applied before their look ahead came need none: it would hide the progress. */
function lookAheadOnlyAtWhatIsNew() {
  let applied = "";
  const typed = () => new URLSearchParams(new FormData(chunking)).toString();
  document.addEventListener("htmx:confirm", (event) => {
    if (event.target === chunking) {
      if (typed() === applied) event.preventDefault();
      applied = "";
    } else if (chunking.contains(event.target) && event.target.matches("button[hx-post]:not([data-cut])")) {
      applied = typed();
    }
  });
}
