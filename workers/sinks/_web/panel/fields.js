// One setting: its name, the control that fits its type, its explanation, and what is wrong with it.

import {ask, make, reasonOf} from "./api.js";
import {both, inBoth, text} from "./texts.js";
import {controlFor} from "./controls.js";

const fields = [];        // all of them; the same setting may stand in several places
const QUIET = 700;        // ms after the last touch in which the program's answer does not move a control
const EVERY = 100;        // ms between two values while dragging
let keep = () => true, changed = () => {}, state = null;

/** `keeps()`: are changes to be written to the file? `then()` is called when something has changed. */
export function connect(keeps, then) { keep = keeps; changed = then; }

export function placeOf(section, key) { return key ? `${section}.${key}` : section; }

/** Everything as the program says it is. */
export function showAll(settings) {
  state = settings;
  for (const field of fields) field.show();
}

export function valueOf(section, key) { return state?.values[section]?.[key]; }

/** Set several one after the other, without a control. Raises Refused or Lost. */
export async function setAll(...wanted) {
  for (const [section, key, value] of wanted) await ask("api/set", {section, key, value, save: keep()});
  changed();
}

/** The element of a setting; `title()` where its own name says too little. */
export function field(section, entry, title = () => both(entry.title)) {
  const one = new Field(section, entry, title);
  fields.push(one);
  if (state) one.show();
  return one.element;
}

class Field {
  constructor(section, entry, title) {
    this.section = section; this.entry = entry; this.title = title; this.place = placeOf(section, entry.key);
    this.touched = 0; this.waiting = null; this.sending = false;
    const id = `f${fields.length}`;
    this.control = controlFor(entry, id, (value, final) => this.change(value, final));
    this.label = make("label", {for: id});
    this.badges = make("span", {class: "badges"});
    this.reset = make("button", {class: "reset quiet", type: "button", click: () => this.toDefault()}, "↺");
    this.line = make("p", {class: "line", id: `${id}-line`});
    this.error = make("p", {class: "error", role: "alert", hidden: true});
    this.control.input.setAttribute("aria-describedby", this.line.id);
    this.element = make("div", {class: "field", "data-place": this.place},
      make("div", {class: "name"}, this.label, this.badges, this.reset),
      make("div", {class: "control"}, this.control.element), this.line, this.error);
    inBoth(() => this.speak());
  }

  speak() {
    this.label.textContent = this.title();
    this.line.textContent = both(this.entry.explanation);
    this.reset.title = text("reset");
    this.reset.setAttribute("aria-label", `${this.title()}: ${text("reset")}`);
    this.control.more?.setAttribute("aria-label", this.title());
    if (state) this.show();
  }

  show() {
    const value = state.values[this.section]?.[this.entry.key];
    if (performance.now() - this.touched > QUIET && !this.sending) this.control.show(value, state.picked[this.place]);
    this.reset.hidden = !state.differs.includes(this.place);
    this.element.classList.toggle("differs", !this.reset.hidden);
    this.badges.replaceChildren(...this.said().map(([kind, what]) => make("span", {class: `badge ${kind}`}, what)));
  }

  /** What is to be known before it is touched. */
  said() {
    const said = [], users = state.users[this.section];
    if (this.section === "sinks") said.push(["restart", text("restarts")]);
    else if (!this.entry.live && users) said.push(["restart", `${text("restarts")} ${users.join(", ")}`]);
    if (state.overridden.includes(this.place)) said.push(["note", text("overridden")]);
    else if (state.unsaved.includes(this.place)) said.push(["note", text("unsaved")]);
    return said;
  }

  /** While dragging (not `final`) only what is live is sent, and never to the file. */
  change(value, final) {
    this.touched = performance.now();
    if (!final && !this.entry.live) return;
    this.waiting = {value, final};
    if (!this.sending) this.send();
  }

  async send() {
    this.sending = true;
    while (this.waiting) {
      const {value, final} = this.waiting;
      this.waiting = null;
      await this.tell("api/set", {section: this.section, key: this.entry.key, value, save: final && keep()});
      if (!final) await new Promise(done => setTimeout(done, EVERY));
    }
    this.sending = false;
    changed();
  }

  async toDefault() {
    await this.tell("api/reset", {section: this.section, key: this.entry.key, save: keep()});
    this.touched = 0;
    changed();
  }

  async tell(path, body) {
    try {
      await ask(path, body);
      this.wrong("");
    } catch (error) {
      this.wrong(reasonOf(error));
    }
  }

  wrong(what) {
    this.error.textContent = what;
    this.error.hidden = !what;
    this.element.classList.toggle("wrong", !!what);
    this.control.input.setAttribute("aria-invalid", String(!!what));
  }
}
