// The dashboard: asks for the figures every second, plots the last ten minutes of them, and shows the newest.

import {KEPT, linesOf, restartsIn, sinkOf} from "./dash_series.js";
import {WORDS} from "./dash_words.js";
import {language, speak} from "./words.js";

const EVERY = 1000;             // ms
const LINES = 500;              // of the log
const COLUMNS = ["worker", "state", "fps_short", "cpu_short", "mb_short", "wait_ms", "work_ms", "latency_ms", "lost_frames",
  "restarts"];
const at = id => document.getElementById(id);
let samples = [], plots = null, library = true, problem = "", logged = 0;

async function ask() {
  try {
    const newest = samples.length ? samples.at(-1).time : 0;
    const answer = await asked(`api/figures?since=${newest}`);
    samples = [...samples, ...answer.samples];
    const oldest = samples.length ? samples.at(-1).time - KEPT : 0;
    samples = samples.filter(sample => sample.time >= oldest);
    problem = answer.why_not ? WORDS[language].refused + answer.why_not : "";
  } catch (error) {
    problem = error.message;
  }
  show();
}

// Its answer. Raises an Error with what is to be said: its own words, or that nothing whole has come.
async function asked(path) {
  const reply = await fetch(path).catch(() => null), said = await reply?.text().catch(() => null);
  if (reply && !reply.ok && said) throw new Error(said.trim());
  try {
    return JSON.parse(said ?? "");
  } catch {
    throw new Error(WORDS[language].lost);
  }
}

function show() {
  const words = WORDS[language];
  at("note").textContent = problem || (library ? "" : words.no_library);
  document.body.dataset.samples = samples.length;
  document.body.dataset.restarts = restartsIn(samples).map(mark => mark.worker).join();
  if (!samples.length) return;
  const sample = samples.at(-1);
  at("now").textContent = headline(sample, words);
  at("workers").tBodies[0].replaceChildren(...sample.workers.map(row));
  if (plots) plots.show(samples.map(one => one.time), linesOf(samples, at("share").value, words), restartsIn(samples), words);
}

function headline({workers, machine}, words) {
  const sink = sinkOf({workers});
  const filled = {cpu: number(machine.cpu_percent), memory: number(machine.memory_percent), sink: sink?.name,
    latency: sink && spread(sink.latency_ms)};
  return (sink ? words.now : words.no_latency).replace(/{(\w+)}/g, (_, name) => filled[name]);
}

function row(worker) {
  const cells = [worker.name, worker.busy ? `${worker.state}: ${worker.busy}` : worker.state, number(worker.fps),
    number(worker.cpu_percent), number(worker.rss_mb), spread(worker.wait_ms), spread(worker.work_ms),
    spread(worker.latency_ms), worker.lost, worker.restarts];
  const made = document.createElement("tr");
  made.append(...cells.map(text => Object.assign(document.createElement("td"), {textContent: text})));
  if (worker.level_db !== null) made.cells[1].append(" ", meter(worker.level_db));
  if (worker.state === "failed" || worker.state === "retired") made.cells[1].className = "bad";
  return made;
}

// How loud what it hears is.
function meter(level) {
  return Object.assign(document.createElement("meter"), {min: -60, max: 0, high: -3, value: level, title: `${level.toFixed(0)} dB`});
}

function spread({p50, p95, p99}) { return p50 === null ? "–" : [p50, p95, p99].map(number).join(" / "); }

function number(value) { return value === null ? "–" : value.toFixed(value < 100 ? 1 : 0); }

// The log, where the server has it.
async function askLog() {
  const reply = await fetch(`api/log?since=${logged}`).catch(() => null);
  if (reply?.status === 404) return;
  const answer = reply?.ok ? await reply.json().catch(() => null) : null;
  if (answer) showLog(answer.lines);
  else forgetLog();
  setTimeout(askLog, EVERY);
}

// Who answers next may be another launcher, which counts its lines anew.
function forgetLog() {
  logged = 0;
  at("log").replaceChildren();
}

function showLog(lines) {
  const box = at("log"), atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
  at("log-box").hidden = false;
  if (lines.length) logged = lines.at(-1).number;
  box.append(...lines.map(({time, level, who, text}) => {
    const clock = new Date(time * 1000).toLocaleTimeString(language);
    return Object.assign(document.createElement("div"), {className: level, textContent: `${clock} ${who}: ${text}`});
  }));
  while (box.childElementCount > LINES) box.firstChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function said() {
  at("workers").tHead.rows[0].replaceChildren(...COLUMNS.map(name =>
    Object.assign(document.createElement("th"), {textContent: WORDS[language][name]})));
  if (plots) plots.clear();
  show();
}

const pause = () => new Promise(resolve => setTimeout(resolve, EVERY));

// Where the library is; whether it is says only a server that is well.
async function openPlots() {
  const there = await fetch("vendor/uplot/uPlot.esm.js", {method: "HEAD"}).catch(() => null);
  library = there?.status !== 404;
  if (!library) return;
  if (!there?.ok) { setTimeout(openPlots, EVERY); return; }
  const {Plots} = await import("./dash_plots.js");
  plots = new Plots(at("plots"));
}

async function begin() {
  speak(WORDS, at("language"), said);
  at("share").onchange = show;
  askLog();
  await openPlots().catch(error => console.error(error));     // the table does without
  for (;;) {                    // one question at a time, however long an answer takes
    const next = pause();
    await ask();
    await next;
  }
}

begin();
