/* The page Chat: two conversations side by side. They are kept in this tab (sessionStorage), so
   that a server that restarts, or a page that is loaded anew, loses nothing that was written. Text of models is
   only ever shown as text. */

import { Problem, request, show, text } from "./studio.js";

const root = document.getElementById("chat");
if (root) begin();

function begin() {
  const api = `/api/v1/projects/${root.dataset.project}/chat`;
  const kept = `loresmith-chat-${root.dataset.project}`;
  const say = (name) => text(name, root);
  const $ = (id) => document.getElementById(id);
  const settings = $("settings");
  let turns = [];
  let running = null;

  /* What is kept ------------------------------------------------------------------------------ */

  function keep() {
    const chosen = Object.fromEntries(new FormData(settings));
    const sides = { left: $("left").value, right: $("right").value };
    const plain = turns.map(({ question, answers }) => ({
      question,
      answers: answers.map(({ view, ...answer }) => answer),
    }));
    try {
      sessionStorage.setItem(kept, JSON.stringify({ turns: plain, chosen, sides }));
    } catch {
      // Too long for the browser to keep: it stays on the page.
    }
  }

  function restore() {
    let saved = null;
    try {
      saved = JSON.parse(sessionStorage.getItem(kept));
    } catch {
      // Kept by another version of this page.
    }
    if (!saved) return;
    for (const [name, value] of Object.entries(saved.chosen ?? {})) {
      const element = settings.elements[name];
      if (element?.type === "checkbox") element.checked = true;
      else if (element) element.value = value;
    }
    for (const side of ["left", "right"]) {
      const options = [...$(side).options].map((option) => option.value);
      const named = new URLSearchParams(location.search).has("run");
      if (!named && options.includes(saved.sides?.[side])) $(side).value = saved.sides[side];
    }
    for (const { question, answers } of saved.turns ?? []) {
      const turn = addTurn(question, answers.map((answer) => answer.model));
      answers.forEach((answer, at) => {
        const state = ["waiting", "writing"].includes(answer.state) ? "lost" : answer.state;
        Object.assign(turn.answers[at], answer, { state });
        draw(turn.answers[at]);
        if (answer.text && !answer.marks) mark(turn, turn.answers[at]).then(() => draw(turn.answers[at]));
      });
    }
  }

  /* What is shown ------------------------------------------------------------------------------ */

  function make(tag, className = "", words = "") {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (words) element.textContent = words;
    return element;
  }

  function nameOf(model) {
    const option = [...$("left").options].find((one) => one.value === model);
    return option ? option.textContent : model;
  }

  function addTurn(question, models) {
    $("chat-empty").hidden = true;
    const box = make("section", "chat-turn");
    const asked = make("div", "chat-question");
    asked.append(make("span", "unseen", `${say("you")}: `), make("p", "as-written", question));
    const sides = make("div", models.length > 1 ? "two chat-answers" : "chat-answers");
    const answers = models.map((model) => {
      const view = make("article", "sheet chat-answer");
      view.setAttribute("aria-label", nameOf(model));
      sides.append(view);
      return { model, text: "", reasoning: "", state: "waiting", view };
    });
    box.append(asked, sides);
    $("turns").append(box);
    const turn = { question, answers };
    turns.push(turn);
    answers.forEach(draw);
    return turn;
  }

  function draw(answer) {
    const parts = [make("header", "small strong clip", nameOf(answer.model))];
    if (answer.reasoning) parts.push(folded(say("thinking"), answer.reasoning));
    const body = make("div", "as-written chat-text");
    body.dir = "auto";
    if (answer.marks) fillMarked(body, answer);
    else body.textContent = answer.text;
    parts.push(body);
    const note = noteOf(answer);
    if (note) parts.push(note);
    if (answer.marks?.length) parts.push(placesOf(answer));
    const foot = footOf(answer);
    if (foot) parts.push(foot);
    answer.view.setAttribute("aria-busy", String(["waiting", "writing"].includes(answer.state)));
    answer.view.dataset.state = answer.state;
    answer.view.replaceChildren(...parts);
  }

  function folded(title, words) {
    const box = make("details", "soft small");
    box.append(make("summary", "", title), make("p", "as-written", words));
    return box;
  }

  function noteOf(answer) {
    if (answer.state === "waiting") {
      return make("p", "soft small chat-waiting", say(isLoaded(answer.model) ? "waiting" : "loading"));
    }
    if (answer.state === "stopped") return make("p", "soft small", say("stopped"));
    if (answer.state === "lost" || answer.state === "failed") {
      const box = make("div", "notice bad");
      box.append(make("p", "title", answer.state === "lost" ? say("lost") : answer.problem));
      if (answer.hint) box.append(make("p", "", answer.hint));
      const again = make("button", "button small", say("retry"));
      again.type = "button";
      again.addEventListener("click", () => askAgain(answer));
      box.append(again);
      return box;
    }
    if (answer.state === "done" && !answer.text) return make("p", "soft small", say("nothing"));
    if (answer.finish === "length") return make("p", "soft small", say("cut"));
    return null;
  }

  const TONES = { found: "good", number: "", asked: "", not_found: "warn" };
  const WORDS = { found: "found", number: "number", asked: "asked", not_found: "missing" };

  /* The text with its figures marked; positions count code points. */
  function fillMarked(body, answer) {
    const letters = Array.from(answer.text);
    let at = 0;
    for (const mark of answer.marks) {
      body.append(letters.slice(at, mark.start).join(""), markedFigure(mark));
      at = mark.end;
    }
    body.append(letters.slice(at).join(""));
  }

  function markedFigure(mark) {
    const [place] = mark.places;
    const element = make(place ? "a" : "span", `chat-figure ${mark.status}`, mark.text);
    element.title = say(WORDS[mark.status]);
    if (place) {
      element.href = addressOf(place);
      element.target = "_blank";
      element.rel = "noopener";
      element.title += `\n${place.document}: ${excerpt(place)}`;
    }
    element.append(make("span", "unseen", ` (${say(WORDS[mark.status])})`));
    return element;
  }

  /* The figures, each of them once, with what the documents say around them. */
  function placesOf(answer) {
    const box = make("details", "chat-places small");
    const marks = [...new Map(answer.marks.map((mark) => [`${mark.status} ${mark.text}`, mark])).values()];
    const line = make("summary", "");
    line.append(`${say("figures")} `);
    for (const status of ["found", "number", "not_found", "asked"]) {
      const count = marks.filter((mark) => mark.status === status).length;
      if (count) line.append(make("span", `badge ${TONES[status]}`, `${count} ${say(WORDS[status])}`), " ");
    }
    const list = make("ul", "stack close");
    for (const mark of marks) {
      const item = make("li");
      item.append(make("span", "strong", mark.text), " ", make("span", `badge ${TONES[mark.status]}`, say(WORDS[mark.status])));
      for (const place of mark.places) item.append(placeLine(place));
      list.append(item);
    }
    box.append(line, list);
    return box;
  }

  function placeLine(place) {
    const line = make("p", "chat-place");
    const link = make("a", "", place.document);
    link.href = addressOf(place);
    link.target = "_blank";
    link.rel = "noopener";
    const said = make("span", "soft");
    said.append(`…${place.before}`, make("mark", "", place.text), `${place.after}…`);
    line.append(link, " ", said);
    return line;
  }

  const excerpt = (place) => `…${place.before}${place.text}${place.after}…`;

  /* The place in the document; browsers that know text fragments mark the figure there. */
  function addressOf(place) {
    const from = Math.max(0, place.start - 80);
    const document = `/projects/${root.dataset.project}/documents/${encodeURIComponent(place.key)}`;
    const words = encodeURIComponent(place.text.trim()).replaceAll("-", "%2D");
    return `${document}?start=${from}#:~:text=${words}`;
  }

  function footOf(answer) {
    const facts = [];
    if (answer.tokens) facts.push(`${answer.tokens} ${say("tokens")}`);
    if (answer.seconds) facts.push(`${answer.seconds.toFixed(1)} ${say("seconds")}`);
    if (answer.unmarked) facts.push(say("unmarked"));
    return facts.length ? make("footer", "soft tiny", facts.join(" · ")) : null;
  }

  const isLoaded = (model) =>
    [...root.querySelectorAll("#chat-models [data-model]")].some(
      (row) => row.dataset.model === model && row.dataset.loaded === "yes",
    );

  /* Asking ----------------------------------------------------------------------------------- */

  function samplingOf() {
    const given = Object.fromEntries(new FormData(settings));
    return {
      temperature: Number(given.temperature),
      top_p: Number(given.top_p),
      max_tokens: Number(given.max_tokens),
      seed: given.seed === "" ? null : Number(given.seed),
    };
  }

  /* What one side has said so far: turns that it did not answer are left out. */
  function messagesOf(turn, answer) {
    const side = turn.answers.indexOf(answer);
    const system = settings.elements.system.value.trim();
    const messages = system ? [{ role: "system", content: system }] : [];
    const earlierTurns = settings.elements.alone.checked ? [] : turns.slice(0, turns.indexOf(turn));
    for (const earlier of earlierTurns) {
      const said = earlier.answers[side] ?? earlier.answers[0];
      if (!said.text) continue;
      messages.push({ role: "user", content: earlier.question });
      messages.push({ role: "assistant", content: said.text });
    }
    return [...messages, { role: "user", content: turn.question }];
  }

  async function ask(question) {
    if (!settings.reportValidity()) return;
    const models = [$("left").value, $("right").value].filter(Boolean);
    const turn = addTurn(question, [...new Set(models)]);
    viewOf(turn).scrollIntoView({ block: "nearest" });
    await answerAll(turn, turn.answers);
  }

  async function askAgain(answer) {
    if (running || !settings.reportValidity()) return;
    const turn = turns.find((one) => one.answers.includes(answer));
    Object.assign(answer, { text: "", reasoning: "", state: "waiting" });
    for (const name of ["marks", "finish", "tokens", "seconds", "problem", "hint"]) delete answer[name];
    draw(answer);
    await answerAll(turn, [answer]);
  }

  async function answerAll(turn, answers) {
    running = new AbortController();
    busy(true);
    keep();
    await Promise.all(answers.map((answer) => write(turn, answer, running.signal)));
    running = null;
    busy(false);
    keep();
    document.body.dispatchEvent(new Event("models-changed"));
  }

  async function write(turn, answer, signal) {
    const started = performance.now();
    try {
      const json = { model: answer.model, messages: messagesOf(turn, answer), sampling: samplingOf() };
      const reply = await request(`${api}/replies`, { json, signal });
      for await (const { name, data } of eventsOf(reply)) {
        hear(answer, name, data);
        if (name === "finished") answer.seconds = (performance.now() - started) / 1000;
        following(turn, () => draw(answer));
      }
      if (["waiting", "writing"].includes(answer.state)) answer.state = "lost";
    } catch (error) {
      if (error.name === "AbortError") answer.state = "stopped";
      else if (error instanceof Problem) fail(answer, error.message, error.hint);
      else if (answer.state !== "done") answer.state = "lost";
    }
    if (answer.state === "stopped" && answer.text) await mark(turn, answer);
    following(turn, () => draw(answer));
  }

  /* Keeps the end of an answer in sight while it grows, for whoever was looking at its end. */
  function following(turn, act) {
    const atEnd = viewOf(turn).getBoundingClientRect().bottom < innerHeight;
    act();
    if (atEnd) viewOf(turn).scrollIntoView({ block: "nearest" });
  }

  function viewOf(turn) {
    return turn.answers[0].view.closest(".chat-turn");
  }

  function hear(answer, name, data) {
    if (name === "piece") {
      answer.state = "writing";
      answer.text += data.text;
      answer.reasoning += data.reasoning;
    } else if (name === "finished") {
      answer.state = "done";
      answer.finish = data.finish_reason;
      answer.tokens = data.usage.completion_tokens;
    } else if (name === "marks") {
      answer.marks = data.marks;
    } else if (name === "problem") {
      fail(answer, data.detail, data.hint);
    }
  }

  function fail(answer, problem, hint) {
    Object.assign(answer, { state: "failed", problem, hint });
  }

  async function mark(turn, answer) {
    try {
      const json = { answer: answer.text, question: turn.question };
      answer.marks = (await (await request(`${api}/marks`, { json })).json()).marks;
    } catch {
      answer.unmarked = true;
    }
  }

  async function* eventsOf(reply) {
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const lines = part.split("\n");
        const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
        const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
        if (name && data) yield { name, data: JSON.parse(data) };
      }
    }
  }

  function busy(is) {
    $("send").hidden = is;
    $("stop").hidden = !is;
    if (is) $("stop").focus();
    else $("question").focus();
  }

  /* What people do ----------------------------------------------------------------------------- */

  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = $("question").value.trim();
    if (!question || running) return;
    $("question").value = "";
    ask(question).catch(show);
  });
  $("question").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("ask").requestSubmit();
  });
  $("stop").addEventListener("click", () => running?.abort());
  $("chat-new").addEventListener("click", () => {
    running?.abort();
    turns = [];
    $("turns").replaceChildren($("chat-empty"));
    $("chat-empty").hidden = false;
    keep();
    $("question").focus();
  });
  settings.addEventListener("submit", (event) => event.preventDefault());
  settings.addEventListener("change", keep);
  for (const side of ["left", "right"]) $(side).addEventListener("change", keep);
  window.addEventListener("pagehide", keep);
  restore();
}
