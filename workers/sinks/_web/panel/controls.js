// Controls by type. Each has `element`, the `input` that has the keyboard, and `show(value, picked)`;
// `more` is what needs a name besides the input. `set(value, final)` is called with what the user does, not
// `final` while he is still at it.

import {make} from "./api.js";
import {inBoth, text} from "./texts.js";

const MOST_STEPS = 2000;   // more than a slider can tell apart

export function controlFor(entry, id, set) {
  if (entry.type === "boolean") return toggle(id, set);
  if (entry.type === "set") return several(entry, id, set);
  if (entry.choices.length) return choice(entry, id, set);
  if (entry.type === "integer" || entry.type === "number") return number(entry, id, set);
  if (entry.type === "list") return list(entry, id, set);
  return words(entry, id, set);
}

function toggle(id, set) {
  const input = make("input", {type: "checkbox", role: "switch", id, change: () => set(input.checked, true)});
  return {element: make("span", {class: "switch"}, input), input, show: value => { input.checked = value; }};
}

function choice(entry, id, set) {
  const input = make("select", {id, change: () => set(entry.choices[input.selectedIndex], true)},
    ...entry.choices.map(value => make("option", {}, String(value))));
  const show = (value, picked) => {
    input.selectedIndex = entry.choices.indexOf(value);
    const auto = entry.choices.indexOf("auto");
    if (auto >= 0) input.options[auto].textContent = value === "auto" && picked !== "auto" && picked ? `auto (${picked})` : "auto";
  };
  return {element: input, input, show};
}

function several(entry, id, set) {
  const boxes = entry.choices.map((value, place) => make("input", {
    type: "checkbox", id: place ? `${id}-${place}` : id, value,
    change: () => set(boxes.filter(box => box.checked).map(box => box.value), true),
  }));
  const element = make("span", {class: "several", role: "group"}, ...boxes.map(box => make("label", {}, box, ` ${box.value}`)));
  const show = value => { for (const box of boxes) box.checked = value.includes(box.value); };
  return {element, input: boxes[0], show, more: element};
}

function stepOf(entry) {
  if (entry.type === "integer") return entry.multiple_of ?? 1;
  const range = entry.le - entry.ge;
  return range <= 0.1 ? 0.001 : range <= 2 ? 0.01 : range <= 10 ? 0.1 : 0.5;
}

function number(entry, id, set) {
  const step = stepOf(entry), limits = {min: entry.ge, max: entry.le};
  const read = box => entry.type === "integer" && Number.isInteger(Number(box.value)) ? parseInt(box.value, 10) : Number(box.value);
  const input = make("input", {
    type: "number", id, step: entry.type === "integer" ? step : "any", ...limits, inputmode: "decimal",
    change: () => { if (input.value !== "") { slider && (slider.value = input.value); set(read(input), true); } },
  });
  const fits = entry.ge != null && entry.le != null && (entry.le - entry.ge) / step <= MOST_STEPS;
  const slider = fits && make("input", {
    type: "range", step, ...limits,
    input: () => { input.value = slider.value; set(read(slider), false); },
    change: () => set(read(slider), true),
  });
  const show = value => {
    if (document.activeElement !== input) input.value = value;
    if (slider) { slider.value = value; slider.style.setProperty("--part", (value - entry.ge) / (entry.le - entry.ge)); }
  };
  return {element: make("span", {class: "number"}, slider || null, input), input, show, more: slider || null};
}

function words(entry, id, set) {
  const number = entry.type.includes("integer");
  const input = make("input", {
    type: "text", id, spellcheck: "false", autocapitalize: "off", autocomplete: "off",
    change: () => set(number && /^\d+$/.test(input.value) ? parseInt(input.value, 10) : input.value, true),
  });
  const show = (value, picked) => {
    if (document.activeElement !== input) input.value = value;
    input.title = value === "auto" && picked ? picked : "";
  };
  return {element: input, input, show};
}

function list(entry, id, set) {
  const lines = entry.items === "string";
  const input = make(lines ? "textarea" : "input", {
    id, spellcheck: "false", rows: lines ? "3" : null, type: lines ? null : "text",
    change: () => set(lines ? input.value.split("\n").map(line => line.trim()).filter(Boolean) : parsed(input.value), true),
  });
  if (lines) inBoth(() => { input.placeholder = text("one-a-line"); });
  const show = value => {
    if (document.activeElement !== input) input.value = lines ? value.join("\n") : JSON.stringify(value).replaceAll(",", ", ");
  };
  return {element: input, input, show};
}

/** A list as it is written; what is none goes to the program as it is, which says what is wrong. */
function parsed(written) {
  try {
    return JSON.parse(written.trim() === "" ? "[]" : written);
  } catch {
    return written;
  }
}
