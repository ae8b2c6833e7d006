/* What every page shares: requests with the CSRF token, toasts for problems, dialogs, live events,
   keyboard shortcuts, light and dark, local times. Pages import what they need from here. */

const body = document.body;

/** A text of the page's language, kept by base.html (or `owner`) as `data-text-<name>`. */
export function text(name, owner = body) {
  return owner.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? "";
}

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/* Requests ------------------------------------------------------------------------------------ */

/** A problem (RFC 9457) that the server answered; `message` is its detail. */
export class Problem extends Error {
  constructor({ detail, title, hint = "", faults = [], status = 0 }) {
    super(detail || title || text("failed"));
    this.hint = hint;
    this.faults = faults ?? [];
    this.status = status;
  }
}

/** Like fetch, with the CSRF token; `json` is sent as JSON. Throws Problem for a failure. */
export async function request(address, { json, headers = {}, ...options } = {}) {
  const sent = { "X-CSRF-Token": token(), Accept: "application/json", ...headers };
  if (json !== undefined) {
    sent["Content-Type"] = "application/json";
    options.body = JSON.stringify(json);
    options.method ??= "POST";
  }
  let answer;
  try {
    answer = await fetch(address, { ...options, headers: sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: text("unreachable") });
  }
  if (!answer.ok) throw problemIn(await answer.text(), answer.status);
  return answer;
}

function problemIn(answer, status) {
  try {
    return new Problem({ status, ...JSON.parse(answer) });
  } catch {
    return new Problem({ status, detail: `${text("failed")} (${status})` });
  }
}

addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token();
});
addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (!isFragment(xhr)) show(problemIn(xhr.responseText, xhr.status));
});
// A page's own answer to a bad form is a fragment with status 422: it belongs where it was asked for.
addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 422 && isFragment(xhr)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
addEventListener("htmx:sendError", () => waitForServer());

function isFragment(xhr) {
  return (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html");
}

/* Toasts -------------------------------------------------------------------------------------- */

const SHOWN_FOR = 6000;

/** Says `message` at the edge of the page. tone: "" | "bad"; what is bad stays until closed. */
export function toast(message, { tone = "", hint = "" } = {}) {
  const box = document.createElement("div");
  box.className = `toast ${tone}`.trim();
  if (tone === "bad") box.setAttribute("role", "alert");
  box.append(paragraph(message), closing(box));
  if (hint) box.append(paragraph(hint, "hint"));
  const toasts = document.getElementById("toasts");
  toasts.append(box);
  liftToasts(toasts);
  if (tone !== "bad") setTimeout(() => box.remove(), SHOWN_FOR);
}

/** Shows a Problem, or anything else that was thrown. */
export function show(problem) {
  if (problem?.name === "AbortError") return;
  const faults = (problem.faults ?? []).filter((fault) => !problem.message.includes(fault));
  toast([problem.message, ...faults].join("\n"), { tone: "bad", hint: problem.hint });
}

function paragraph(words, className = "") {
  const made = document.createElement("p");
  made.className = className;
  made.textContent = words;
  return made;
}

function closing(box) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small only-icon";
  button.setAttribute("aria-label", text("close"));
  button.textContent = "×";
  button.addEventListener("click", () => box.remove());
  return button;
}

// Above an open dialog only what is in the top layer can be seen.
function liftToasts(toasts) {
  if (!toasts.showPopover) return;
  toasts.popover = "manual";
  if (toasts.matches(":popover-open")) toasts.hidePopover();
  toasts.showPopover();
}

// The server can speak too: the header `HX-Trigger: {"toast": {"message": …, "tone": …}}`.
addEventListener("toast", (event) => {
  const { message, value, ...options } = event.detail;
  toast(message ?? value, options);
});

/* The connection ------------------------------------------------------------------------------ */

const waiting = new Set();
const sign = () => document.getElementById("reconnecting");

function lost(who) {
  waiting.add(who);
  sign().hidden = false;
}
function found(who) {
  waiting.delete(who);
  sign().hidden = waiting.size === 0;
}

let asking = false;
async function waitForServer() {
  if (asking) return;
  asking = true;
  lost("server");
  for (;;) {
    await new Promise((done) => setTimeout(done, 1000));
    try {
      if ((await fetch("/healthz", { cache: "no-store" })).ok) break;
    } catch {
      // Not back yet.
    }
  }
  asking = false;
  found("server");
  document.dispatchEvent(new Event("reconnected"));
}

/** Listens to server-sent events: `handlers` are functions by event name, given the parsed data.
    Goes on by itself after the server was away, and shows that it waits; returns what closes it. */
export function listen(address, handlers, { onReconnected = () => {} } = {}) {
  const who = {};
  let source;
  let closed = false;
  let wasLost = false;
  const open = () => {
    source = new EventSource(address);
    source.addEventListener("open", () => {
      found(who);
      if (wasLost) onReconnected();
      wasLost = false;
    });
    source.addEventListener("error", () => {
      if (closed) return;
      wasLost = true;
      lost(who);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => closed || open(), 2000);
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        // The connection's own "error" has no data.
        if (event.data !== undefined) handle(event.data ? JSON.parse(event.data) : null, event);
      });
    }
  };
  const close = () => {
    closed = true;
    source.close();
    found(who);
  };
  open();
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  return close;
}

/* The keyboard --------------------------------------------------------------------------------- */

/** Calls the function named by a key (`{ j: next, "?": help, Escape: close, "ctrl+z": undo }`), but
    not while something is typed in or a dialog is open. Returns what ends it. */
export function shortcuts(keys, target = document) {
  const onKey = (event) => {
    if (event.isComposing || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") && target === document) return;
    const held = event.ctrlKey || event.metaKey ? "ctrl+" : event.altKey ? "alt+" : "";
    const action = keys[held + event.key] ?? keys[held + event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action(event);
  };
  target.addEventListener("keydown", onKey);
  return () => target.removeEventListener("keydown", onKey);
}

/** `act`, so made that what is asked for while htmx changes `target` waits: it is for what follows. */
export function oneAtATime(target, act) {
  const waiting = [];
  let busy = false;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === target) busy = true;
  });
  for (const end of ["htmx:afterSettle", "htmx:responseError", "htmx:sendError", "htmx:sendAbort"]) {
    document.addEventListener(end, (event) => {
      if (event.detail.target !== target) return;
      busy = false;
      while (waiting.length && !busy) act(waiting.shift());
    });
  }
  return (wanted) => {
    if (busy) waiting.push(wanted);
    else act(wanted);
  };
}

function isTyping(element) {
  if (element.isContentEditable) return true;
  if (!element.matches?.("input, textarea, select")) return false;
  return !["checkbox", "radio", "button", "range"].includes(element.type);
}

/* Files ---------------------------------------------------------------------------------------- */

/** Calls `take` when files have been chosen, also for those chosen before the page was loaded:
    earlier than that, htmx does not know the forms. */
export function onFiles(input, take) {
  const look = () => input.files.length && take();
  const begin = () => {
    input.addEventListener("change", look);
    look();
  };
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
}

/* Dialogs, copying, navigation, theme, language ------------------------------------------------- */

/** Opens the dialog with this id. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}
/** Closes the dialog with this id, or the one around an element. */
export function closeDialog(which) {
  const dialog = typeof which === "string" ? document.getElementById(which) : which.closest("dialog");
  if (dialog?.open) dialog.close();
}
addEventListener("closeDialog", () => document.querySelectorAll("dialog[open]").forEach((it) => it.close()));

const clicks = {
  "[data-open]": (element) => openDialog(element.dataset.open),
  "[data-close]": (element) => closeDialog(element),
  "[data-nav]": () => navigation(!body.classList.contains("nav-open")),
  "[data-nav-close]": () => navigation(false),
  "[data-theme-toggle]": () => chooseTheme(isDark() ? "light" : "dark"),
  "[data-language]": (element) => choose("language", element.dataset.language),
  "[data-copy]": (element) => copy(element.previousElementSibling),
};

document.addEventListener("click", (event) => {
  for (const [selector, act] of Object.entries(clicks)) {
    const element = event.target.closest?.(selector);
    if (element) act(element);
  }
  // A click beside a dialog closes it, unless something was begun in it.
  if (event.target instanceof HTMLDialogElement && !event.target.querySelector("form")) {
    event.target.close();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && body.classList.contains("nav-open")) navigation(false);
});

function navigation(open) {
  body.classList.toggle("nav-open", open);
  document.querySelector("[data-nav]")?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector(".side nav a")?.focus();
}

async function copy(element) {
  await navigator.clipboard.writeText(element.textContent);
  toast(text("copied"));
}

const YEAR = 365 * 24 * 60 * 60;
function remember(name, value) {
  const age = value ? YEAR : 0;
  document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax`;
}

/** Keeps the choice of `theme`: "light", "dark", or "" for what the system says. */
export function chooseTheme(theme) {
  remember("theme", theme);
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new Event("themechange"));
}
const system = matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", () => document.dispatchEvent(new Event("themechange")));

/** Whether the page is dark at the moment; `themechange` on document tells of a change. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
}

/** The value of a custom property of style.css, such as `--accent`. */
export function property(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Keeps a choice in a cookie and shows the page anew. */
export function choose(name, value) {
  remember(name, value);
  location.reload();
}

/* Times ------------------------------------------------------------------------------------------ */

// Swedes write dates as ISO 8601 does: 2031-03-09 14:05, which sorts and is read alike everywhere.
const clock = new Intl.DateTimeFormat("sv-SE", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
});

/** Turns the `<time datetime>` below `root` into local time. */
export function localTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (!Number.isNaN(moment.getTime())) element.textContent = clock.format(moment);
  }
}
localTimes();
addEventListener("htmx:load", (event) => localTimes(event.detail.elt));
