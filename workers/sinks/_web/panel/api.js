// What the page asks of the program.

import {text} from "./texts.js";

export class Refused extends Error {}   // the program says why
export class Lost extends Error {}      // it does not answer

/** GET, or with a body POST. Raises Refused or Lost. */
export async function ask(path, body) {
  let answer, said;
  try {
    answer = await fetch(path, body && {
      method: "POST",
      headers: {"Content-Type": "application/json", "X-Stereoring": "1"},
      body: JSON.stringify(body),
    });
    said = await answer.text();
  } catch (error) {
    throw new Lost(error.message);
  }
  if (!answer.ok) throw new Refused(said.trim() || `${answer.status} ${answer.statusText}`);
  try {
    return JSON.parse(said);
  } catch (error) {   // it was cut off
    throw new Lost(`${path}: ${error.message}`);
  }
}

/** What to say of an error that `ask` has raised; all others are ours, and go on. */
export function reasonOf(error) {
  if (error instanceof Lost) return text("lost");
  if (error instanceof Refused) return error.message;
  throw error;
}

/** At the top of a tab, why it does not show what is so now; nothing once it does. */
export function sayIn(tab, why) {
  const said = document.querySelector(`#tab-${tab} > .why`);
  said.textContent = why;
  said.hidden = !why;
}

/** Does something for the user, and says beside it what is wrong with that. */
export async function tell(error, act) {
  error.hidden = true;
  try {
    await act();
  } catch (why) {
    error.textContent = reasonOf(why);
    error.hidden = false;
  }
}

/** An element with attributes, event handlers (functions) and content. */
export function make(tag, attributes = {}, ...content) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...content.filter(part => part != null));
  return node;
}
