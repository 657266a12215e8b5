// The networks: what each is, getting it, choosing it.

import {ask, make, reasonOf, sayIn, tell} from "./api.js";
import {setAll, valueOf} from "./fields.js";
import {both, text} from "./texts.js";

const EVERY = 500, QUIET = 5000;   // ms
let timer = 0, cards = new Map();

export async function openModels() {
  clearTimeout(timer);
  let busy = false;
  try {
    const {models} = await ask("api/models");
    busy = models.some(model => model.download?.state === "running");
    show(models);
    sayIn("models", "");
  } catch (error) {
    sayIn("models", reasonOf(error));
  } finally {
    clearTimeout(timer);
    if (!document.getElementById("tab-models").hidden) timer = setTimeout(openModels, busy ? EVERY : QUIET);
  }
}

export function closeModels() { clearTimeout(timer); }

export async function fetchByName(form) {
  const name = form.querySelector("input").value.trim(), error = form.querySelector(".error");
  if (name) await tell(error, () => ask("api/download", {name, cancel: false}));
  openModels();
}

function show(models) {
  const names = models.map(model => model.name);
  if (names.join() !== [...cards.keys()].join()) {
    cards = new Map(names.map(name => [name, cards.get(name) ?? new Card(name)]));
    document.getElementById("models").replaceChildren(...[...cards.values()].map(card => card.element));
  }
  for (const model of models) cards.get(model.name).show(model);
}

class Card {
  constructor(name) {
    this.name = name;
    this.about = make("p", {class: "line"});
    this.size = make("span", {class: "line"});
    this.bar = make("progress", {"aria-label": name, hidden: true});
    this.said = make("span", {class: "line", role: "status"});
    this.button = make("button", {click: () => this.act()});
    this.error = make("p", {class: "error", role: "alert", hidden: true});
    this.element = make("article", {class: "model card", "data-name": name},
      make("div", {class: "row"}, make("div", {class: "grow"}, make("b", {}, name), this.about), this.button),
      make("div", {class: "row"}, this.size, this.bar, this.said), this.error);
  }

  show(model) {
    const {download} = model, state = download?.state;
    this.model = model;
    const size = model.megabytes == null ? text("unknown-size") : text("size").replace("{}", megabytes(model.megabytes));
    this.size.textContent = `${size} · ${text("licence")}: ${both(model.licence)}`;
    this.about.textContent = both(model.why_not) || both(model.about);
    const chosen = model.setting && valueOf(...model.setting.split("."));
    this.used = chosen === model.name || (chosen === "auto" && model.name === "built-in");
    this.does = state === "running" ? "cancel" : !model.here ? "download" : this.used ? "chosen" : "use";
    this.button.textContent = text(this.does);
    this.button.disabled = this.does === "chosen" || (!!model.why_not.en && !model.here);
    this.button.hidden = this.does === "use" && !model.setting;   // a part of others, which is not chosen
    this.button.className = this.does === "use" ? "" : "quiet";
    this.element.classList.toggle("used", this.used);
    this.bar.hidden = state !== "running";
    if (download?.total) { this.bar.max = download.total; this.bar.value = download.done; } else this.bar.removeAttribute("value");
    this.said.textContent = state === "running" ? progress(download) : state === "cancelled" ? text("cancelled") : model.here ? text("here") : "";
    if (state === "failed") { this.error.textContent = download.error; this.error.hidden = false; }
  }

  async act() {
    const does = this.does, name = this.name;
    await tell(this.error, () => does === "use"
      ? setAll([...this.model.setting.split("."), name])
      : ask("api/download", {name, cancel: does === "cancel"}));
    openModels();
  }
}

const megabytes = count => count >= 100 ? count.toFixed(0) : count.toFixed(1);

function progress({done, total}) {
  return total ? `${Math.floor(100 * done / total)} % · ${megabytes(done / 1e6)} / ${text("size").replace("{}", megabytes(total / 1e6))}` : text("downloading");
}
