// What the page asks of the program.

export class Refused extends Error {}   // the program says why
export class Lost extends Error {}      // it does not answer

/** GET, or with a body POST. Raises Refused or Lost. */
export async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, body && {
      method: "POST",
      headers: {"Content-Type": "application/json", "X-Stereoring": "1"},
      body: JSON.stringify(body),
    });
  } catch (error) {
    throw new Lost(error.message);
  }
  if (!answer.ok) throw new Refused((await answer.text()).trim() || `${answer.status} ${answer.statusText}`);
  return answer.json();
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
