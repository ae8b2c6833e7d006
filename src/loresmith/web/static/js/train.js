/* The page Train: curves of the chosen runs, laid over one another, while they grow.

   A run's points are asked for with the last step that is here and the id of its log; after a
   restart of the server, or of the training, that goes on or begins anew by itself. */

import { lineChart, plain } from "./chart.js";
import { localTimes, openDialog, request, text } from "./studio.js";

const place = document.getElementById("training");
const project = place.dataset.project;
const smoothing = document.getElementById("smoothing");
const TONES = ["--accent", "--warn", "--bad", "--soft", "--ink"];
const MOST = TONES.length;
const COLUMNS = ["step", "loss", "learning_rate", "grad_norm", "tokens_per_second", "epoch"];
const BUSY_MS = 1000;
const IDLE_MS = 5000;

const runs = new Map(); // id -> what was read of it so far
let shown = chosenAtFirst();
let charts = [];

/* Which runs are shown ------------------------------------------------------------------------- */

function rows() {
  return [...document.querySelectorAll("#runs tr[data-run]")];
}

function chosenAtFirst() {
  const known = rows().map((row) => row.dataset.run);
  const wanted = location.hash.slice(1).split(",").filter((id) => known.includes(id));
  if (wanted.length) return wanted.slice(0, MOST);
  const busy = rows().find((row) => row.dataset.state === "training");
  const first = busy?.dataset.run ?? known[0];
  return first ? [first] : [];
}

function choose(ids) {
  shown = ids.slice(-MOST);
  history.replaceState(null, "", shown.length ? `#${shown.join(",")}` : location.pathname);
  markRows();
  rebuild();
  look();
  compare();
}

/** What the chosen runs differ in, as the server tells it. */
function compare() {
  const asked = new URLSearchParams(shown.map((id) => ["run", id]));
  window.htmx.ajax("GET", `/projects/${project}/train/differences?${asked}`, { target: "#differences" });
}

function markRows() {
  for (const row of rows()) {
    const at = shown.indexOf(row.dataset.run);
    row.querySelector("[data-show]").checked = at >= 0;
    row.querySelector("[data-swatch]").dataset.tone = at >= 0 ? String(at) : "";
  }
  document.getElementById("curves").hidden = rows().length === 0;
}

document.addEventListener("change", (event) => {
  const id = event.target.dataset?.show;
  if (id) choose(event.target.checked ? [...shown, id] : shown.filter((one) => one !== id));
});

/* Reading --------------------------------------------------------------------------------------- */

async function read(id) {
  const known = runs.get(id);
  const asked = new URLSearchParams({ since: known?.step.at(-1) ?? 0, log_id: known?.log_id ?? "" });
  const address = `/api/v1/projects/${project}/runs/${encodeURIComponent(id)}/curves?${asked}`;
  const fresh = await (await request(address)).json();
  if (known && known.log_id === fresh.log_id) {
    fresh.measures = joined(known, fresh);
    for (const name of COLUMNS) fresh[name] = known[name].concat(fresh[name]);
  }
  runs.set(id, fresh);
}

/** The stage's own figures: a name that some points have and others not has gaps there. */
function joined(known, fresh) {
  const names = [...new Set([...Object.keys(known.measures), ...Object.keys(fresh.measures)])];
  const column = (run, name) => run.measures[name] ?? new Array(run.step.length).fill(null);
  return Object.fromEntries(names.map((name) => [name, column(known, name).concat(column(fresh, name))]));
}

let timer = 0;
let looking = false;
async function look() {
  clearTimeout(timer);
  if (looking) return;
  looking = true;
  let busy = document.getElementById("job-state")?.dataset.active === "yes";
  try {
    await Promise.all(shown.map(read));
    draw();
  } catch (problem) {
    // Deleted, or the server is away: the list of runs or the next look tells.
    busy = problem.status === 0;
  }
  looking = false;
  timer = setTimeout(look, busy ? BUSY_MS : IDLE_MS);
}
document.addEventListener("visibilitychange", () => document.hidden || look());

/* Drawing ----------------------------------------------------------------------------------------- */

/** Exponential moving average with the bias of its start taken out, as TensorBoard draws it. */
export function smoothed(values, weight) {
  let mean = 0;
  let share = 0;
  return values.map((value) => {
    if (value == null) return null;
    mean = weight * mean + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return mean / share;
  });
}

const weight = () => Number(smoothing.value);

/** The curves of one metric of one run: { label, faint, points, of(run) -> [steps, values] }. */
const METRICS = {
  loss: [
    { label: () => text("raw", place), faint: true, of: (run) => [run.step, run.loss] },
    { label: () => text("smoothed", place), width: 2, of: (run) => [run.step, smoothed(run.loss, weight())] },
    { label: () => text("validation", place), dash: [5, 4], points: true, of: (run) => [run.practice_step, run.validation_loss] },
  ],
  practice: [{ label: () => text("practice", place), points: true, of: (run) => [run.practice_step, run.practice_score] }],
  rate: [{ label: () => text("rate", place), of: (run) => [run.step, run.learning_rate] }],
  norm: [{ label: () => text("norm", place), of: (run) => [run.step, run.grad_norm] }],
  device: [{ label: () => text("device", place), points: true, of: (run) => [run.device_step, run.device_busy.map((busy) => busy == null ? null : Math.min(1, busy / 100))] }],
  speed: [{ label: () => text("speed", place), of: (run) => [run.step, run.tokens_per_second] }],
};

/** Figures of stages that share a chart; any other has one of its own, under its own name. */
const TOGETHER = { rewards: ["chosen_reward", "rejected_reward"] };

/** The charts that the chosen runs have beside those of every training, in the order of their log. */
function ofTheStage() {
  const names = shown.flatMap((id) => {
    const run = runs.get(id);
    return run ? [...Object.keys(run.measures), ...Object.keys(run.validation_measures)] : [];
  });
  const chart = (name) => Object.keys(TOGETHER).find((key) => TOGETHER[key].includes(name)) ?? name;
  return [...new Set(names.map(chart))];
}

const named = (name) => text(name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), place) || name;

function stageCurves(metric) {
  const smooth = (name) => (run) => [run.step, smoothed(run.measures[name] ?? [], weight())];
  if (TOGETHER[metric]) {
    return TOGETHER[metric].map((name, at) => (
      { label: () => named(name), width: 2, dash: at ? [3, 3] : undefined, of: smooth(name) }));
  }
  return [
    { label: () => text("raw", place), faint: true, of: (run) => [run.step, run.measures[metric] ?? []] },
    { label: () => text("smoothed", place), width: 2, of: smooth(metric) },
    { label: () => text("validation", place), dash: [5, 4], points: true, of: (run) => [run.practice_step, run.validation_measures[metric] ?? []] },
  ];
}

const figuresThere = () => [...document.querySelectorAll("[data-of-stage]")];

/** Whether the chosen runs have other figures by now than there are charts for. */
function figuresWanted() {
  return ofTheStage().join() !== figuresThere().map((one) => one.dataset.ofStage).join();
}

/** Makes the places of the stage's charts anew, before the chart of practice. */
function figuresOfTheStage() {
  const wanted = ofTheStage();
  for (const one of figuresThere()) one.remove();
  const beforeThese = document.getElementById("chart-practice").closest("figure");
  for (const name of wanted) {
    const made = document.getElementById("chart-of-stage").content.firstElementChild.cloneNode(true);
    made.dataset.ofStage = name;
    made.querySelector("[data-title]").textContent = named(name);
    made.querySelector("[data-about]").textContent = text(`${name}About`, place);
    const chart = made.querySelector(".chart");
    chart.id = `chart-${name}`;
    chart.dataset.metric = name;
    chart.setAttribute("aria-label", named(name));
    beforeThese.before(made);
  }
  // Of pairs and marked answers, the loss is not one of tokens.
  document.getElementById("loss-unit").hidden = wanted.length > 0;
}

const SHARES = ["practice", "device", "accuracy"];

function titleOf(metric) {
  if (!METRICS[metric]) return named(metric);
  if (metric === "loss" && ofTheStage().length) return text("lossOfStage", place);
  return text(`axis${metric[0].toUpperCase()}${metric.slice(1)}`, place);
}

function curvesOf(metric) {
  return shown.flatMap((id, at) =>
    (METRICS[metric] ?? stageCurves(metric)).map((curve) => ({
      ...curve,
      run: id,
      tone: TONES[at],
      label: shown.length > 1 ? `${id} ${curve.label()}` : curve.label(),
    })));
}

/** All curves over the union of their steps: what uPlot takes. */
function table(curves) {
  const columns = curves.map(({ run, of }) => (runs.has(run) ? of(runs.get(run)) : [[], []]));
  // Every chart has every step, so that all have one scale and the cursor moves over all of them.
  const all = shown.flatMap((id) => runs.get(id)?.step ?? []);
  const steps = [...new Set(columns.flatMap(([xs]) => xs).concat(all))].sort((a, b) => a - b);
  const at = new Map(steps.map((step, index) => [step, index]));
  return [steps, ...columns.map(([xs, ys]) => {
    const column = new Array(steps.length).fill(null);
    xs.forEach((step, index) => { column[at.get(step)] = ys[index] ?? null; });
    return column;
  })];
}

function rebuild() {
  for (const { chart } of charts) chart.destroy();
  figuresOfTheStage();
  charts = [...document.querySelectorAll("[data-metric]")].map((element) => {
    const { metric } = element.dataset;
    const curves = curvesOf(metric);
    const chart = lineChart(element, {
      series: curves,
      data: table(curves),
      height: element.classList.contains("low") ? 180 : 300,
      sync: "training",
      x: text("step", place),
      y: titleOf(metric),
      ...(SHARES.includes(metric) ? { range: [0, 1], format: percent } : { format: short }),
    });
    return { element, curves, chart };
  });
}

function short(value) {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString() : plain(value);
}

const gap = document.documentElement.lang.startsWith("zh") ? "" : "\u00a0";
function percent(share) {
  return `${Math.round(100 * share)}${gap}%`;
}

function draw() {
  if (figuresWanted()) rebuild();
  for (const { element, curves, chart } of charts) {
    const data = table(curves);
    chart.update(data);
    element.dataset.points = String(data[0].length);
  }
  figures();
  shown.forEach(rowFigures);
}

/** What the list says of a run that is being trained goes on with its curve. */
function rowFigures(id) {
  const run = runs.get(id);
  const row = rows().find((one) => one.dataset.run === id);
  if (!run?.step.length || row?.dataset.state !== "training") return;
  row.querySelector("[data-cell=step]").textContent =
    run.total_steps ? `${plain(run.step.at(-1))}/${plain(run.total_steps)}` : plain(run.step.at(-1));
  row.querySelector("[data-cell=loss]").textContent = run.loss.at(-1)?.toFixed(3) ?? "–";
}

function figures() {
  const run = runs.get(shown.at(-1));
  const say = (name, value) => {
    document.querySelector(`[data-figure="${name}"]`).textContent = value ?? "–";
  };
  const last = (values) => values?.findLast((value) => value != null);
  const number = (value) => (value == null ? null : short(value));
  const step = run?.step.at(-1);
  say("step", step && (run.total_steps ? `${plain(step)} / ${plain(run.total_steps)}` : plain(step)));
  say("epoch", number(last(run?.epoch)));
  say("loss", number(last(smoothed(run?.loss ?? [], weight()))));
  say("validation", number(last(run?.validation_loss)));
  say("speed", number(last(run?.tokens_per_second)));
  say("spent", run?.elapsed || null);
  // The job's own estimate counts practice too; the training's log only steps.
  const job = document.getElementById("job-state")?.dataset;
  say("left", (job?.run === shown.at(-1) && job.left) || run?.remaining || null);
}

smoothing.addEventListener("input", () => {
  document.getElementById("smoothing-value").textContent = weight().toFixed(2);
  draw();
});

/* The rest of the page ------------------------------------------------------------------------------ */

let signature = document.getElementById("job-state")?.dataset.signature ?? "";
let job = jobNow();
addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target.id === "train-form") {
    answeredForm(event.detail);
  } else if (target.id === "job") {
    const fresh = document.getElementById("job-state");
    if (fresh && fresh.dataset.signature !== signature) {
      signature = fresh.dataset.signature;
      document.body.dispatchEvent(new Event("runschanged"));
    }
    if (jobNow() !== job) {
      job = jobNow();
      document.body.dispatchEvent(new Event("jobchanged")); // what is told before a start is another
    }
    log.hidden = !fresh?.dataset.job && log.hidden;
  } else if (target.id === "runs") {
    runsChanged();
  } else if (target.id === "delete-run") {
    openDialog("delete-dialog");
  } else if (target.id === "log-part") {
    const written = document.getElementById("log-text");
    written.scrollTop = written.scrollHeight;
  }
});

/** Which job there is, and whether it is at work or waits. */
function jobNow() {
  const { job: id, active } = document.getElementById("job-state")?.dataset ?? {};
  return `${id} ${active}`;
}

/** After a start one looks at the job; after a refusal at the first setting that is not right. */
function answeredForm({ requestConfig }) {
  const form = document.getElementById("train-form");
  const wrong = form.querySelector("[aria-invalid]");
  const told = form.querySelector(":scope > .notice");
  if (wrong) wrong.focus();
  else if (told) told.scrollIntoView({ block: "center" });
  else if (requestConfig.path.endsWith("/start")) {
    document.getElementById("job").scrollIntoView({ block: "center" });
  }
}

/** A run that has begun while the page was open is shown instead of what nobody chose. */
function runsChanged() {
  localTimes(document.getElementById("runs"));
  const known = rows().map((row) => row.dataset.run);
  const busy = rows().find((row) => row.dataset.state === "training")?.dataset.run;
  const left = shown.filter((id) => known.includes(id));
  const begun = busy && !runs.has(busy) ? [busy] : [];
  const next = begun.length ? (location.hash ? [...left, ...begun] : begun) : left;
  for (const id of runs.keys()) if (!known.includes(id)) runs.delete(id);
  if (next.join() !== shown.join() || !shown.length) {
    choose(next.length ? next : known.slice(0, 1));
  } else {
    markRows();
    look();
  }
}

const log = document.getElementById("log");
log.addEventListener("toggle", () => {
  if (log.open) document.getElementById("log-part").dispatchEvent(new Event("refresh"));
});

/** A look that found nothing new leaves the page, its focus and its readers alone. */
let answered = "";
addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "job") return;
  if (log.open) document.getElementById("log-part").dispatchEvent(new Event("refresh"));
  if (event.detail.serverResponse === answered) event.detail.shouldSwap = false;
  answered = event.detail.serverResponse;
});

markRows();
rebuild();
look();
if (shown.length > 1) compare();
