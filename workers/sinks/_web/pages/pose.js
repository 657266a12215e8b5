// Poses beside their JSON: of a picture that is chosen or dropped, or live.

import {WORDS} from "./pose_words.js";
import {language, speak} from "./words.js";

const SHOWN_EVERY = 200;   // ms; JSON that changes more often cannot be read
const VISIBLE = 0.5;       // else the network has guessed
const SILENT = 3000;       // ms
const AGAIN = 1000;        // ms, until it is tried again
const byId = id => document.getElementById(id);
const [picture, now, note, live] = ["picture", "now", "note", "live"].map(byId);
let asked = new AbortController(), events, newest, waiting, again, shownNow = null;
let saidNow = () => "", saidNote = () => "", silence;

speak(WORDS, byId("language"), () => { document.title = `Stereoring: ${words().title}`; show(shownNow); say(); });
byId("file").onchange = event => look(event.target.files[0]);
live.onclick = () => events ? stopLive() : startLive();
byId("stage").ondragover = event => { event.preventDefault(); byId("stage").classList.add("over"); };
byId("stage").ondragleave = () => byId("stage").classList.remove("over");
byId("stage").ondrop = event => {
  event.preventDefault();
  byId("stage").classList.remove("over");
  look(event.dataTransfer.files[0]);
};

function words() { return WORDS[language]; }

function say() {
  now.textContent = saidNow();
  note.textContent = saidNote();
}

// What was asked before is answered no more.
async function look(file) {
  if (!file) return;
  stopLive();
  asked.abort();
  const {signal} = asked = new AbortController();
  [saidNow, saidNote] = [() => words().waiting, () => ""];
  show(null);
  say();
  try {
    const [drawn, answer] = await Promise.all(["image/jpeg", "application/json"].map(kind => sent(file, kind, signal)));
    const [text, seen] = await Promise.all([answer.text(), drawn.ok ? drawn.blob() : file]);
    signal.throwIfAborted();
    shown(seen, text, answer);
  } catch {
    if (signal.aborted) return;
    [saidNow, saidNote] = [() => "", () => words().lost];
  }
  say();
}

function sent(file, accept, signal) {
  const people = byId("people").value || 1, headers = {Accept: accept, "X-Stereoring": "1"};
  return fetch(`pose?people=${people}`, {method: "POST", body: file, headers, signal});
}

function shown(seen, text, answer) {
  const found = answer.ok || isJson(answer) ? JSON.parse(text) : {error: text.trim()};
  replace(URL.createObjectURL(seen));
  show(found);
  saidNow = () => answer.ok ? filled(words().took, {n: found.people.length, ms: Math.round(found.ms.all)}) : "";
  saidNote = () => answer.ok ? "" : words()[answer.status] ?? found.error;
}

function startLive() {
  asked.abort();
  [saidNow, saidNote] = [() => words().waiting, () => ""];
  show(null);
  live.setAttribute("aria-pressed", "true");
  connect();
  quiet();
  say();
}

function connect() {
  events = new EventSource("pose/live");
  events.onopen = () => {
    quiet();
    replace(`stream.mjpg?t=${Date.now()}`);     // after a loss nothing new comes by the old one
  };
  events.onmessage = event => {
    quiet();
    newest = event.data;
    waiting ??= setTimeout(showNewest, SHOWN_EVERY);
  };
  events.onerror = lose;
}

// An answer that is none of events is the last that a browser asks for by itself; it says why.
async function lose() {
  const lost = events;
  clearTimeout(silence);
  saidNote = () => words().lost;
  say();
  if (lost.readyState !== EventSource.CLOSED) return;
  const why = await refusal().catch(() => "");
  if (events !== lost) return;
  if (why) { saidNote = () => why; say(); }
  again = setTimeout(connect, AGAIN);
}

async function refusal() {
  const gone = new AbortController(), answer = await fetch("pose/live", {signal: gone.signal});
  if (answer.ok) { gone.abort(); return ""; }
  const said = await answer.text();
  return isJson(answer) ? JSON.parse(said).error : said.trim();
}

function isJson(answer) { return answer.headers.get("Content-Type")?.startsWith("application/json"); }

function showNewest() {
  waiting = undefined;
  const found = JSON.parse(newest);
  show(found);
  [saidNow, saidNote] = [() => filled(words().seen, {n: found.people.length}), () => ""];
  say();
}

// Says so if nothing comes for a while.
function quiet() {
  clearTimeout(silence);
  silence = setTimeout(() => { saidNote = () => words().nothing; say(); }, SILENT);
}

function stopLive() {
  clearTimeout(silence);
  clearTimeout(again);
  waiting = clearTimeout(waiting);
  if (!events) return;
  events.close();
  events = undefined;
  live.setAttribute("aria-pressed", "false");
  replace("");
  [saidNow, saidNote] = [() => "", () => ""];
  say();
}

function replace(address) {
  if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
  if (address) picture.src = address;
  else picture.removeAttribute("src");
}

function show(found) {
  shownNow = found;
  byId("json").textContent = found ? JSON.stringify(found, null, 1) : "";
  const people = found?.people ?? [];
  const names = [...new Set(people.flatMap(person => Object.keys(person.angles)))];
  byId("angles").tBodies[0].replaceChildren(...names.map(name => row(name, people)));
}

function row(name, people) {
  const line = document.createElement("tr");
  const angles = people.map(person => isSeen(name, person) ? `${Math.round(person.angles[name])}°` : "–");
  for (const text of [words().joints[name] ?? name, ...angles]) line.insertCell().textContent = text;
  return line;
}

function isSeen(name, person) {
  return name in person.angles && person.points.find(point => point.name === name).visibility > VISIBLE;
}

function filled(text, values) {
  return text.replace(/{(\w+)}/g, (_, name) => values[name]);
}
