// Monitors, windows and cameras, with small pictures, to choose what is captured.

import {ask, make, reasonOf, sayIn, tell} from "./api.js";
import {setAll, valueOf} from "./fields.js";
import {text} from "./texts.js";

const AGAIN = 5000;   // ms between two pictures
let devices = null, timer = 0, source = "";
const errors = new Map();   // by device: what is refused is to be read, though the list changes meanwhile

/** What of it is captured is said by the settings. */
export function showSource(settings) {
  source = settings.picked["capture.source"] || settings.values.capture.source;
  for (const card of document.querySelectorAll(".pick")) mark(card);
}

export async function openSources() {
  clearTimeout(timer);
  try {
    const found = await ask("api/devices");
    if (JSON.stringify(found) !== JSON.stringify(devices)) { devices = found; draw(); }
    else refresh();
    sayIn("source", "");
  } catch (error) {
    sayIn("source", reasonOf(error));
  } finally {
    clearTimeout(timer);
    if (!document.getElementById("tab-source").hidden) timer = setTimeout(openSources, AGAIN);
  }
}

export function closeSources() { clearTimeout(timer); }

export function draw() {
  if (!devices) return;
  for (const kind of ["monitors", "windows", "cameras"]) {
    const cards = devices[kind].map(device => card(kind.slice(0, -1), device));
    const why = devices.why_not[kind];
    document.getElementById(kind).replaceChildren(...cards, ...(cards.length ? [] : [none(why)]));
  }
}

const none = why => make("p", {class: "line"}, why ? `${text("none")}: ${why}` : text("none"));

function card(kind, device) {
  const note = device.primary ? text("primary") : device.shown === false ? text("minimised") : "";
  const picture = make("img", {alt: "", loading: "lazy", "data-kind": kind, "data-which": device.which,
    load: () => { picture.style.visibility = ""; }, error: () => { picture.style.visibility = "hidden"; }});   // until the next
  const frame = make("span", {class: "thumb"}, picture);
  const place = `${kind} ${device.which}`;
  if (!errors.has(place)) errors.set(place, make("p", {class: "error", role: "alert", hidden: true}));
  const error = errors.get(place);
  const button = make("button", {
    class: "pick", "data-kind": kind, "data-which": device.which, "data-title": device.title, "data-source": device.source,
    click: () => tell(error, () => setAll(...wanted(kind, device))),
  }, frame, make("span", {class: "title"}, kind === "monitor" ? `${device.which}: ${device.title}` : device.title),
    make("span", {class: "line"}, note));
  if (kind === "camera") {   // its light goes on
    picture.hidden = true;
    frame.append(make("span", {class: "look", click: event => { event.stopPropagation(); look(picture); event.target.remove(); }}, text("show-camera")));
  } else if (device.shown !== false) look(picture);
  mark(button);
  return make("div", {}, button, error);
}

function look(picture) {
  picture.hidden = false;
  picture.src = `api/thumbnail?kind=${picture.dataset.kind}&which=${picture.dataset.which}&t=${Date.now()}`;
}

function refresh() {
  for (const picture of document.querySelectorAll(".pick[data-kind=monitor] img, .pick[data-kind=window] img"))
    if (picture.src) look(picture);
}

/** What it is first, so that a source never starts with nothing to capture. */
function wanted(kind, device) {
  if (kind === "camera") return [["camera", "which", device.which], ["capture", "source", "camera"]];
  if (kind === "window") return [[device.source, "title", device.title], ["capture", "source", device.source]];
  const whole = valueOf("screen_windows_capture", "title") ? [["screen_windows_capture", "title", ""]] : [];
  const screen = source.startsWith("screen_") ? [] : [["capture", "source", "auto"]];
  return [...whole, ["screen_mss", "monitor", device.which], ...screen];
}

function mark(button) {
  const {kind, which, title, source: by} = button.dataset;
  const window = valueOf("screen_windows_capture", "title");
  const captured = kind === "monitor" ? source.startsWith("screen_") && !window && String(valueOf("screen_mss", "monitor")) === which
    : kind === "window" ? source === by && isPart(valueOf(by, "title"), title)
    : source === "camera" && (String(valueOf("camera", "which")) === which || isPart(valueOf("camera", "which"), title));
  button.setAttribute("aria-pressed", String(captured));
}

const isPart = (part, title) => !!part && title.toLowerCase().includes(String(part).toLowerCase());
