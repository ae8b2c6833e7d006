/* The page of one job: its log, as it grows. Who has scrolled up to read is left in peace. */

const log = document.getElementById("log-text");
const LOOK_MS = 1000;
const REST_MS = 5000;
const MOST = 400_000; // characters that are kept in the page

const isOver = () => {
  const state = document.querySelector(".job[data-state]")?.dataset.state;
  return state !== "running" && state !== "queued";
};
const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 24;

async function look() {
  let next = isOver() ? REST_MS : LOOK_MS;
  try {
    const answer = await fetch(`${log.dataset.from}?offset=${log.dataset.offset}`);
    if (answer.ok) {
      const part = await answer.json();
      if (part.text) {
        const follow = isAtEnd();
        log.textContent = (log.textContent + part.text).slice(-MOST);
        log.dataset.offset = part.offset;
        if (follow) log.scrollTop = log.scrollHeight;
        next = 100;
      }
    }
  } catch {
    // The server is away; the page says so, and goes on asking.
  }
  setTimeout(look, next);
}

if (log) {
  log.scrollTop = log.scrollHeight;
  look();
}
