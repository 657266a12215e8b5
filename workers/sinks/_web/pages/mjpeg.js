// JPEGs by plain HTTP, as players of MJPEG get them. Not by an <img>, which is told of no loss.

const RETRY = 1000;             // ms
const FULL = 503;               // HTTP
const BETWEEN = new TextEncoder().encode("\r\n--picture\r\nContent-Type: image/jpeg\r\n\r\n");

export function connectMjpeg(onpicture, onstate) {
  const leaving = new AbortController();
  let shown = 0, timer = null;

  async function connect() {
    let state = "lost";
    try {
      const reply = await fetch("stream.mjpg", {signal: leaving.signal});
      if (reply.status === FULL) state = "full";
      if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
      for await (const jpeg of newest(reply.body.getReader())) await show(jpeg);
    } catch (error) {
      console.error(`MJPEG: ${error}`);
    }
    if (leaving.signal.aborted) return;
    onstate(state);
    timer = setTimeout(connect, RETRY);
  }

  async function show(jpeg) {
    try {
      const picture = await createImageBitmap(new Blob([jpeg], {type: "image/jpeg"}));
      if (!leaving.signal.aborted) { onpicture(picture, {seq: ++shown}); onstate("live"); }
      picture.close();
    } catch (error) {
      console.error(`MJPEG: picture ${shown}: ${error}`);
    }
  }

  connect();
  return {frames: () => shown, close: () => { leaving.abort(); clearTimeout(timer); }};
}

// Each picture, or the newest of those that have come together.
async function* newest(reader) {
  let data = BETWEEN.slice(0, 2), looked = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    data = joined(data, piece.value);
    let jpeg = null;
    for (let end = next(data, looked); end >= 0; end = next(data, 0)) {
      if (end) jpeg = data.subarray(0, end);      // nothing is before the first
      data = data.subarray(end + BETWEEN.length);
    }
    looked = Math.max(0, data.length - BETWEEN.length);
    if (jpeg) yield jpeg;
  }
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

// Where a picture ends, from there on; -1 if none does yet.
function next(data, from) {
  for (let at = data.indexOf(BETWEEN[0], from); at >= 0; at = data.indexOf(BETWEEN[0], at + 1)) {
    if (BETWEEN.every((byte, place) => data[at + place] === byte)) return at;
  }
  return -1;
}
