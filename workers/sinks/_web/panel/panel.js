// The control panel: tabs, languages, profile, and the connection to the program.

import {ask, make, reasonOf, sayIn} from "./api.js";
import {connect, field, placeOf, showAll} from "./fields.js";
import {both, current, inBoth, sectionTitle, speak, text} from "./texts.js";
import {closeModels, fetchByName, openModels} from "./models.js";
import {closeSources, draw, openSources, showSource} from "./sources.js";
import {closeWorkers, connectWorkers, forgetLog, openWorkers} from "./workers.js";

const EVERY = 1000;   // ms between two looks at the settings
const TABS = {
  picture: {open: openPicture, close: closePicture},
  source: {open: openSources, close: closeSources},
  models: {open: openModels, close: closeModels},
  workers: {open: openWorkers, close: closeWorkers},
  phone: {open: openPhone, close: () => {}},
  settings: {open: () => {}, close: () => {}},
};
const SHOWN = {   // settings that also stand beside what they are about
  quick: ["stereo.strength", "stereo.convergence", "stereo.view", "stereo.layout", "stereo.swap_eyes", "capture.paused"],
  "source-fields": ["capture.source", "video.path", "image.path"],
  "model-fields": ["depth.model", "depth.device"],
  "phone-fields": ["web.lan"],
};
const $ = id => document.getElementById(id);
let built = null, timer = 0, again = 0, tab = "", lost = false, server = 0;

// The settings ---------------------------------------------------------------------------------------------

async function build() {
  const {sections} = await ask("api/schema");
  const entries = new Map(sections.flatMap(one => one.keys.map(entry => [placeOf(one.name, entry.key), beside(one, entry)])));
  for (const [id, places] of Object.entries(SHOWN))
    $(id).replaceChildren(...places.filter(place => entries.has(place)).map(place => field(...entries.get(place))));
  $("groups").replaceChildren(...sections.map(group));
}

/** What `field` needs of a setting that stands away from its section: two of them are a path of something. */
function beside(section, entry) {
  return [section.name, entry, entry.key === "path" ? () => sectionTitle(section) : undefined];
}

function group(section) {
  const title = make("h2"), line = make("p", {class: "line"});
  inBoth(() => {
    title.replaceChildren(sectionTitle(section), " ", make("code", {}, section.name), " ",
      make("span", {class: "badge idle"}, text("unused")));
    line.textContent = section.name === "sinks" ? "" : both(section.explanation);
  });
  return make("div", {class: "group", "data-section": section.name}, title, line,
    make("div", {class: "card"}, ...section.keys.map(entry => field(section.name, entry))));
}

async function look() {
  clearTimeout(timer);
  try {
    await (built ??= build());
    const settings = await ask("api/settings");
    showAll(settings);
    showSource(settings);
    showProfiles(settings);
    for (const one of document.querySelectorAll(".group")) one.classList.toggle("unused", !settings.users[one.dataset.section] && one.dataset.section !== "sinks");
    $("file").textContent = `${text("kept-in")} ${settings.file}`;
    found(settings.server);
  } catch (error) {
    if (!document.querySelector(".group")) built = null;
    $("lost").textContent = reasonOf(error);
    $("lost").hidden = false;
    lost = true;
  } finally {
    clearTimeout(timer);
    timer = setTimeout(look, EVERY);
  }
}

/** The web server may have been started again between two looks. */
function found(by) {
  const sameAsBefore = !lost && (!server || server === by);
  lost = false;
  server = by;
  $("lost").hidden = true;
  if (sameAsBefore) return;
  forgetLog();
  if (TABS[tab]) TABS[tab].open();
}

function showProfiles({profile, profiles}) {
  const select = $("profile"), names = ["", ...profiles];
  if (document.activeElement === select && select.options.length === names.length) return;
  select.replaceChildren(...names.map(name => make("option", {value: name}, name || text("no-profile"))));
  select.value = profile ?? "";
}

// What happens ---------------------------------------------------------------------------------------------

/** What is refused is to be read until it is closed, or something else has been done. */
async function tell(path, body) {
  const refused = $("refused");
  refused.hidden = true;
  try {
    await ask(path, body);
  } catch (error) {
    refused.firstChild.textContent = reasonOf(error);
    refused.hidden = false;
  }
  look();
}

function sure(question) {
  const dialog = $("ask");
  $("ask-text").textContent = question;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(done => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), {once: true}));
}

function filter() {
  const wanted = $("search").value.trim().toLowerCase();
  for (const one of document.querySelectorAll("#groups .field"))
    one.hidden = !`${one.dataset.place} ${one.textContent}`.toLowerCase().includes(wanted);
  for (const one of document.querySelectorAll(".group")) one.hidden = !one.querySelector(".field:not([hidden])");
}

function openPicture() {
  const shown = $("preview");
  $("preview-note").textContent = text(document.hidden ? "sleeping" : "preview");
  clearTimeout(again);
  if (!document.hidden) shown.src = `stream.mjpg?t=${Date.now()}`;
}

function closePicture() {
  clearTimeout(again);
  $("preview").removeAttribute("src");
}

function missPicture() {
  $("preview-note").textContent = text("no-preview");
  again = setTimeout(openPicture, EVERY);
}

async function openPhone() {
  try {
    const {links} = await ask("api/address");
    $("codes").replaceChildren(...links.map(({url, code}) => make("figure", {class: "card"},
      make("img", {src: code, alt: `QR: ${url}`, width: "240", height: "240"}), make("figcaption", {}, make("a", {href: url}, url)))),
      ...(links.length ? [] : [make("p", {class: "card"}, text("no-links"))]));
    sayIn("phone", "");
  } catch (error) {
    sayIn("phone", reasonOf(error));
  }
}

// Tabs -----------------------------------------------------------------------------------------------------

function go() {
  const wanted = TABS[location.hash.slice(1)] ? location.hash.slice(1) : "picture";
  if (tab && tab !== wanted) TABS[tab].close();
  tab = wanted;
  for (const name of Object.keys(TABS)) $(`tab-${name}`).hidden = name !== tab;
  for (const link of $("nav").children) link.setAttribute("aria-current", link.hash === `#${tab}` ? "page" : "false");
  $("nav").querySelector("[aria-current=page]").scrollIntoView({block: "nearest", inline: "center"});
  TABS[tab].open();
}

function speakAll() {
  $("language").textContent = current() === "en" ? "中文" : "English";
  $("language").lang = current() === "en" ? "zh" : "en";
  $("search").placeholder = text("search");
  $("search").setAttribute("aria-label", text("search"));
  $("nav").replaceChildren(...Object.keys(TABS).map(name => make("a", {href: `#${name}`}, text(name))));
  draw();
  if (tab) go();
  look();
}

if (new URLSearchParams(location.search).has("token"))   // it stays as a cookie, and not for who looks over a shoulder
  history.replaceState(null, "", location.pathname + location.hash);
connect(() => $("save").checked, look);
connectWorkers(sure);
$("save").checked = localStorage.getItem("save") !== "no";
$("save").onchange = () => localStorage.setItem("save", $("save").checked ? "yes" : "no");
$("language").onclick = () => speak(current() === "en" ? "zh" : "en");
$("profile").onchange = event => { const name = event.target.value || null; event.target.blur(); tell("api/profile", {name}); };
$("reset-all").onclick = async () => { if (await sure(text("ask-reset-all"))) tell("api/reset", {section: "", key: "", save: $("save").checked}); };
$("ask-yes").onclick = () => $("ask").close("yes");
$("ask-no").onclick = () => $("ask").close("no");
$("refused").lastChild.onclick = () => { $("refused").hidden = true; };
$("preview").onerror = missPicture;
$("search").oninput = filter;
$("fetch").onsubmit = event => { event.preventDefault(); fetchByName(event.target); };
addEventListener("hashchange", go);
document.addEventListener("visibilitychange", () => { if (tab === "picture") document.hidden ? closePicture() : openPicture(); });
speak(current());
inBoth(speakAll);
go();
