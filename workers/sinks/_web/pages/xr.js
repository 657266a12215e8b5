// The page before one enters: preview, why one cannot enter, sliders. The rest is in space (xr_space.js).

import {eyesIn, sizeOf} from "./eyes.js";
import {Stream} from "./stream.js";
import {language, speak} from "./words.js";
import {Place, RANGES} from "./xr_place.js";
import {WORDS} from "./xr_words.js";

const UNITS = {width: "m", distance: "m", height: "m", curve: ""};
const at = id => document.getElementById(id);
const place = new Place();
let stream = null, space = null, state = "connecting", why = "looking_for", problem = "", modes = [];
let flat = false, figures = false, fps = 0, counted = 0, since = performance.now();

function watch(format) {
  if (stream) stream.close();
  counted = 0;
  const onword = word => { if (word === "recentre" && space) space.recentre(); };
  stream = new Stream(format, {onpicture: show, onstate: became, onword});
}

function became(now) {
  if (now === "undecodable" || now === "no_video") {
    watch("jpeg");
    problem = WORDS[language][now];
  }
  if (now === state) return;
  state = now;
  document.body.dataset.state = state;
  say();
}

function show(picture, info) {
  document.body.dataset.seq = info.seq;
  if (flat !== (info.eyes === 0)) { flat = info.eyes === 0; say(); }
  if (space && space.session) space.show(picture, info); else preview(picture, info);
}

function preview(picture, info) {
  const [width, height] = sizeOf(picture), {left, aspect} = eyesIn(info.eyes, width, height);
  const canvas = at("preview"), wanted = Math.round(640 / aspect);
  if (canvas.height !== wanted) canvas.height = wanted;
  canvas.getContext("2d", {alpha: false}).drawImage(picture, left.x * width, left.y * height, left.width * width,
    left.height * height, 0, 0, canvas.width, canvas.height);
}

function say() {
  const words = WORDS[language];
  at("note").textContent = words[state];
  at("why").textContent = problem || words[why] || (flat ? words.flat : "");
  at("enter").disabled = why !== "ready";
  if (!space) return;
  const rate = `${fps.toFixed(0)} ${words.fps}   ${stream.age.toFixed(0)} ${words.old}`;
  space.say([figures ? rate : "", words[state]].filter(Boolean).join("   "));
}

function count() {
  const now = performance.now();
  fps = (stream.shown - counted) * 1000 / (now - since);
  counted = stream.shown;
  since = now;
  say();
}

// What stands in the way, as a word of WORDS; "ready" if nothing does.
async function lookForHeadset() {
  if (!isSecureContext) return (await offerSecure()) ? "insecure" : "no_https";
  if (!navigator.xr) return "no_webxr";
  const known = await Promise.all(["immersive-ar", "immersive-vr"].map(async mode =>
    (await navigator.xr.isSessionSupported(mode)) && mode));
  modes = known.filter(Boolean);
  at("around-label").hidden = modes.length < 2;
  if (!modes.length) return "no_headset";
  return space || (await loadSpace()) ? "ready" : "no_library";
}

async function offerSecure() {
  const {https_port: port, ticket} = await (await fetch("hello")).json();
  at("secure").textContent = `https://${location.hostname}:${port}/xr`;
  at("secure").href = at("secure").textContent + (ticket && `?token=${ticket}`);
  at("secure-address").hidden = !port;
  at("warning").open = port !== 0;
  return port !== 0;
}

// Here, since a browser opens a session only right after a click.
async function loadSpace() {
  if (!(await fetch("vendor/three/three.module.js", {method: "HEAD"})).ok) return false;
  const {Space} = await import("./xr_space.js");
  space = new Space(place, {onfigures: () => { figures = !figures; say(); }, onleft: say});
  return true;
}

async function enter() {
  problem = "";
  const around = at("around").checked || !modes.includes("immersive-vr");
  try {
    await space.enter(modes.includes("immersive-ar") && around ? "immersive-ar" : "immersive-vr");
  } catch (error) {
    problem = WORDS[language].refused + error.message;
  }
  say();
}

function addSliders() {
  at("sliders").replaceChildren(...Object.entries(RANGES).map(([name, {min, max, step}]) => {
    const label = document.createElement("label"), word = document.createElement("span");
    const slider = Object.assign(document.createElement("input"), {id: name, type: "range", min, max, step});
    word.dataset.text = name;
    slider.oninput = () => place.set(name, Number(slider.value));
    label.append(word, slider, document.createElement("output"));
    return label;
  }));
  place.listeners.push(showPlace);
  at("reset").onclick = () => place.reset();
  showPlace();
}

function showPlace() {
  for (const name in RANGES) {
    at(name).value = place[name];
    at(name).nextElementSibling.value = `${place[name].toFixed(name === "curve" ? 2 : 1)} ${UNITS[name]}`;
  }
}

async function look() {
  try {
    why = await lookForHeadset();
  } catch (error) {
    problem = error.message;
  }
  say();
}

addSliders();
if (isSecureContext && !Stream.canDecode("h264")) problem = WORDS[language].undecodable;
watch(Stream.canDecode("h264") ? "h264" : "jpeg");
speak(WORDS, at("language"), say);
setInterval(count, 1000);
at("enter").onclick = enter;
if (navigator.xr) navigator.xr.addEventListener("devicechange", look);
look();
