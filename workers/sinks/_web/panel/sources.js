// Monitors, windows and cameras, with small pictures, to choose what is captured.

import {ask, make, Lost, Refused} from "./api.js";
import {setAll, valueOf} from "./fields.js";
import {text} from "./texts.js";

const AGAIN = 5000;   // ms between two pictures
let devices = null, timer = 0, source = "";

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
  } catch (error) {
    if (!(error instanceof Lost || error instanceof Refused)) throw error;
  }
  timer = setTimeout(openSources, AGAIN);
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
  const picture = make("img", {alt: "", loading: "lazy", "data-kind": kind, "data-which": device.which, error: () => { picture.hidden = true; }});
  const frame = make("span", {class: "thumb"}, picture);
  const error = make("p", {class: "error", role: "alert", hidden: true});
  const button = make("button", {
    class: "pick", "data-kind": kind, "data-which": device.which, "data-title": device.title, "data-source": device.source,
    click: () => choose(kind, device, error),
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
    if (!picture.hidden) look(picture);
}

async function choose(kind, device, error) {
  error.hidden = true;
  try {
    await setAll(...wanted(kind, device));
  } catch (why) {
    if (!(why instanceof Refused || why instanceof Lost)) throw why;
    error.textContent = why instanceof Lost ? text("lost") : why.message;
    error.hidden = false;
  }
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
