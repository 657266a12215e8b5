// What changes something on the server: for visitors who have the control token.

export class Refused extends Error {}

// The settings as they are: {"stereo": {"strength": 2, ...}, ...}.
export async function settings() {
  return (await answer(await fetch("api/settings"))).values;
}

export async function change(section, key, value, save = false) {
  return answer(await fetch("api/set", {
    method: "POST",
    headers: {"Content-Type": "application/json", "X-Stereoring": "1"},
    body: JSON.stringify({section, key, value, save}),
  }));
}

async function answer(reply) {
  if (!reply.ok) throw new Refused((await reply.text()).trim());
  return reply.json();
}
