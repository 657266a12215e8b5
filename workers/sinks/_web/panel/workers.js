// The processes: how each is, starting, stopping and restarting it; and what they say.

import {ask, make, reasonOf, sayIn, tell} from "./api.js";
import {text} from "./texts.js";

const EVERY = 1000, MOST_LINES = 500;   // ms; lines
const CODE = /^[█▀▄ ]+$/;               // a QR code as terminals show it; the page has it as a picture
let timer = 0, seen = 0, sure = async () => true, cards = new Map();

/** `asks(text)` has the user say yes or no. */
export function connectWorkers(asks) { sure = asks; }

export async function openWorkers() {
  clearTimeout(timer);
  try {
    const [{workers}, {lines}] = await Promise.all([ask("api/workers"), ask(`api/log?since=${seen}`)]);
    show(workers);
    write(lines);
    sayIn("workers", "");
  } catch (error) {
    sayIn("workers", reasonOf(error));
  } finally {
    clearTimeout(timer);
    if (!document.getElementById("tab-workers").hidden) timer = setTimeout(openWorkers, EVERY);
  }
}

export function closeWorkers() { clearTimeout(timer); }

/** A launcher that has started anew numbers its lines anew. */
export function forgetLog() { seen = 0; document.getElementById("log").replaceChildren(); }

function show(workers) {
  const names = workers.map(worker => worker.name);
  if (names.join() !== [...cards.keys()].join()) {
    cards = new Map(names.map(name => [name, cards.get(name) ?? new Card(name)]));
    document.getElementById("workers").replaceChildren(...[...cards.values()].map(card => card.element));
  }
  for (const worker of workers) cards.get(worker.name).show(worker);
}

class Card {
  constructor(name) {
    this.name = name;
    this.state = make("span", {class: "badge", role: "status"});
    this.figures = make("p", {class: "line"});
    this.error = make("p", {class: "error", role: "alert", hidden: true});
    this.buttons = Object.fromEntries(["start", "stop", "restart"].map(what => [what, make("button", {class: "quiet", click: () => this.tell(what)})]));
    this.element = make("article", {class: "worker card", "data-name": name},
      make("div", {class: "row"}, make("div", {class: "grow"}, make("b", {}, name), " ", this.state, this.figures),
        make("div", {class: "buttons"}, ...Object.values(this.buttons))), this.error);
  }

  show(worker) {
    this.state.textContent = text(worker.state) + (worker.busy ? `: ${worker.busy}` : "");
    this.state.className = `badge ${worker.state}`;
    const {cpu_percent: cpu, rss_mb: memory, fps} = worker;
    this.figures.textContent = [
      fps == null ? null : `${fps.toFixed(1)} fps`, cpu == null ? null : `CPU ${cpu.toFixed(0)} %`,
      memory == null ? null : `${memory.toFixed(0)} MB`, `${text("restarts-count")}: ${worker.restarts}`,
    ].filter(Boolean).join(" · ");
    const runs = ["running", "starting", "waiting"].includes(worker.state);
    for (const [what, button] of Object.entries(this.buttons)) {
      button.textContent = text(what);
      button.setAttribute("aria-label", `${text(what)}: ${this.name}`);
      button.hidden = what === "start" ? runs : !runs;
    }
  }

  async tell(what) {
    if (this.name === "web" && !await sure(text("ask-web"))) return;
    await tell(this.error, () => ask("api/worker", {name: this.name, what}));
    openWorkers();
  }
}

function write(lines) {
  const box = document.getElementById("log"), atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  for (const {number, time, level, who, text: said} of lines) {
    if (number <= seen) continue;
    seen = number;
    const lines = said.split("\n").filter(line => !CODE.test(line)).join("\n");
    box.append(make("div", {class: level}, make("time", {}, new Date(time * 1000).toLocaleTimeString()), ` ${who}  ${lines}`));
  }
  while (box.children.length > MOST_LINES) box.firstChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}
