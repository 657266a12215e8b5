import {change, Refused, settings} from "./control.js";
import {Stream} from "./stream.js";
import {connectMjpeg} from "./mjpeg.js";
import {connectMse} from "./mse.js";
import {connectWhep} from "./whep.js";
import {language, speak} from "./words.js";

const LAYOUTS = ["half-sbs", "full-sbs", "half-tab", "full-tab", "anaglyph-dubois", "anaglyph-half-colour",
  "anaglyph-grey", "row-interlaced", "column-interlaced", "checkerboard", "frame-sequential", "rgb+depth", "depth"];
const WORDS = {
  en: {full: "Full screen", figures: "Figures", transport: "Video", sound: "Sound", view: "2D / 3D", layout: "Layout",
    strength: "Strength", panel: "Settings", dash: "Dashboard", headset: "Headset", poses: "Poses", connecting: "connecting …",
    lost: "no connection; trying again …", stale: "stale: the source is away", live: "",
    slow: "the network is too slow for this; trying again …", full_house: "too many are looking; trying again …",
    no_video: "the video (encode.codec) is none that browsers get; taking JPEG pictures instead",
    unreachable: "WebRTC cannot connect: no UDP gets from here to the program (a firewall? a VPN?); H.264 or MP4 need none; "
      + "trying again …",
    no_webrtc: "no WebRTC; trying again …",
    undecodable: "this browser cannot decode the video; taking JPEG pictures instead", refused: "refused: ",
    insecure: "H.264 needs a secure page (https) or this machine itself",
    no_full: "this browser shows only video full screen; choose MP4 or WebRTC", fps: "fps", old: "ms old", dropped: "dropped"},
  zh: {full: "全屏", figures: "数据", transport: "视频", sound: "声音", view: "2D / 3D", layout: "布局", strength: "强度",
    panel: "设置", dash: "仪表盘", headset: "头显", poses: "姿态", connecting: "正在连接…", lost: "连接已断开，正在重试…",
    stale: "画面已过期：信号源不可用", live: "", slow: "网络太慢，正在重试…", full_house: "观看人数已满，正在重试…",
    no_video: "视频编码（encode.codec）不是浏览器支持的格式，改用 JPEG 图片",
    unreachable: "WebRTC 无法连接：UDP 无法从此处到达程序（防火墙或 VPN？）；H.264 和 MP4 不需要 UDP；正在重试…",
    no_webrtc: "WebRTC 不可用，正在重试…",
    undecodable: "此浏览器无法解码该视频，改用 JPEG 图片", refused: "被拒绝：",
    insecure: "H.264 需要安全页面（https）或在本机打开",
    no_full: "此浏览器只能全屏播放视频，请选择 MP4 或 WebRTC", fps: "帧/秒", old: "毫秒延迟", dropped: "丢帧"},
};
const PLAYERS = {webrtc: connectWhep, mse: connectMse};
const AWAY_AFTER = 3000;        // ms without a movement, and the bar hides
const FOLLOWS = 1000, QUIET = 700;      // ms between two looks at the settings, and after a touch, which counts more
const TAPPED = 100;             // ms in which what a tap clicks on is decided
const at = id => document.getElementById(id);
const canvas = at("canvas"), paint = canvas.getContext("2d", {alpha: false});
let touched = -QUIET, changing = 0, following = 0, greeting = 0;
let stream = null, player = null, sound = false, state = "connecting", problem = "", detail = "", counted = 0, since = performance.now();

function say() {
  const word = state === "full" ? "full_house" : state;
  at("note").textContent = [problem, WORDS[language][word], detail].filter(Boolean).join(" · ");
  at("note").hidden = !at("note").textContent;
}

function draw(picture, info) {
  const width = picture.displayWidth || picture.width, height = picture.displayHeight || picture.height;
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  paint.drawImage(picture, 0, 0);
  document.body.dataset.seq = info.seq;
}

function became(now, why = "") {
  document.body.dataset.stale = Number(now === "stale");
  if (now === "undecodable" || now === "no_video") { usePictures(now); return; }
  if (now !== state || why !== detail) {
    if (state === "lost") greet();
    state = now;
    detail = why;
    say();
  }
}

function use(transport) {
  if (stream) stream.close();
  if (player) player.close();
  stream = player = null;
  at("transport").value = transport;
  const plays = PLAYERS[transport];
  canvas.hidden = Boolean(plays);
  at("video").hidden = !plays;
  at("video").muted = !sound;
  at("sound").disabled = !plays;
  problem = "";
  became("connecting");
  if (transport === "mjpeg") {
    player = connectMjpeg(draw, became);
  } else if (plays) {
    player = plays(at("video"), sound, became);
  } else if (Stream.canDecode(transport)) {
    stream = new Stream(transport, {onpicture: draw, onstate: became});
  } else {
    usePictures(isSecureContext ? "undecodable" : "insecure");
  }
  say();
}

function usePictures(why) {
  use("jpeg");
  problem = WORDS[language][why];
  say();
}

function count() {
  const now = performance.now(), shown = stream ? stream.shown : player ? player.frames() : 0;
  const fps = ((shown - counted) * 1000 / (now - since)).toFixed(0);
  const size = canvas.hidden ? `${at("video").videoWidth} × ${at("video").videoHeight}` : `${canvas.width} × ${canvas.height}`;
  const words = WORDS[language];
  const age = stream ? `   ${stream.age.toFixed(0)} ${words.old}   ${stream.dropped} ${words.dropped}` : "";
  at("figures").textContent = `${fps} ${words.fps}${age}   ${size}`;
  counted = shown;
  since = now;
}

// On this machine JPEG costs the least; over a network video is a tenth of it, and without https no page may decode it.
function best() {
  return location.protocol === "https:" ? "h264" : "jpeg";
}

async function set(section, key, value) {
  changing++;
  try {
    await change(section, key, value);
    problem = "";
  } catch (error) {
    problem = WORDS[language].refused + error.message;
  }
  changing--;
  touched = performance.now();
  say();
}

function control() {
  at("layout").replaceChildren(...LAYOUTS.map(name => new Option(name, name)));
  at("view").onclick = () => {
    const flat = at("view").getAttribute("aria-pressed") === "true";
    at("view").setAttribute("aria-pressed", !flat);     // at once: the next press may come before the answer
    set("stereo", "view", flat ? "2d" : "3d");
  };
  at("layout").onchange = () => set("stereo", "layout", at("layout").value);
  let sending = false;          // while one is under way only the newest waits
  at("strength").oninput = async () => {
    at("strength-value").value = at("strength").value;
    if (sending) return;
    sending = true;
    for (let sent = null; sent !== at("strength").value;) {
      sent = at("strength").value;
      await set("stereo", "strength", Number(sent));
    }
    sending = false;
  };
}

// What others change, too: the panel, another viewer, the file.
async function follow() {
  clearTimeout(following);
  following = setTimeout(follow, FOLLOWS);
  const controls = document.querySelector(".controls");
  if (document.hidden || (!controls.hidden && at("bar").classList.contains("away"))) return;
  try {
    const asked = performance.now(), {stereo} = await settings();
    if (changing || touched > asked - QUIET) return;
    at("layout").value = stereo.layout;
    at("strength").value = at("strength-value").value = stereo.strength;
    at("view").setAttribute("aria-pressed", stereo.view === "3d");
    controls.hidden = false;
  } catch (error) {
    if (error instanceof Refused && controls.hidden) { problem = error.message; say(); }     // a loss is said already
  }
}

// Who we are to the server, and what it has. It may be another after a loss.
async function greet() {
  clearTimeout(greeting);
  try {
    const hello = await (await fetch("hello")).json(), there = await (await fetch("pose/there")).json().catch(() => false);
    at("sound").hidden = !hello.sound;
    at("poses").hidden = !there;
    if (hello.controls) follow();
  } catch {
    greeting = setTimeout(greet, FOLLOWS);      // what carries the picture says that nobody answers
  }
}

function toggleFigures() {
  at("figures").hidden = !at("figures").hidden;
  at("figures-button").setAttribute("aria-pressed", !at("figures").hidden);
}

// Browsers let a page be heard only after a click.
function toggleSound() {
  sound = !sound;
  at("sound").setAttribute("aria-pressed", sound);
  use(at("transport").value);
}

async function toggleFull() {
  const page = document.documentElement, video = at("video");
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (page.requestFullscreen) await page.requestFullscreen();
    else if (!video.hidden) video.webkitEnterFullscreen();    // all that an iPhone has
    else throw new Error(WORDS[language].no_full);
  } catch (error) {
    problem = error.message;
    say();
  }
}

let timer;
function show() {
  const was = at("bar").classList.contains("away");
  at("bar").classList.remove("away");
  if (was && !document.querySelector(".controls").hidden) follow();
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!at("bar").contains(document.activeElement) || document.activeElement.tagName === "BUTTON") at("bar").classList.add("away");
  }, AWAY_AFTER);
}

// A finger that brings the bar back has not seen what it lies on.
function touch(event) {
  if (event.pointerType !== "touch") return;
  if (event.type === "pointerdown") at("bar").inert = at("bar").classList.contains("away");
  else setTimeout(() => { at("bar").inert = false; }, TAPPED);
}

function begin() {
  history.replaceState(null, "", location.pathname + location.hash);   // the token is a cookie by now
  speak(WORDS, at("language"), say);
  for (const event of ["pointerdown", "pointerup", "pointercancel"]) addEventListener(event, touch);
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) addEventListener(event, show);
  show();
  setInterval(count, 1000);
  at("full").onclick = toggleFull;
  at("figures-button").onclick = toggleFigures;
  at("sound").onclick = toggleSound;
  at("transport").onchange = () => { location.hash = at("transport").value; use(at("transport").value); };
  addEventListener("keydown", event => {
    if (event.target.closest("input, select")) return;
    if (event.key === "f" || event.key === "F") toggleFigures();
    if (event.key === "Enter") toggleFull();
  });
  const wanted = location.hash.slice(1);
  use(["jpeg", "h264", "webrtc", "mse", "mjpeg"].includes(wanted) ? wanted : best());
  control();
  greet();
}

begin();
