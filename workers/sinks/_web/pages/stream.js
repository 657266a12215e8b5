// What the server sends over its WebSocket, as pictures: JPEG, or H.264 where the browser decodes it (secure pages).
// onpicture(picture, info) gets an ImageBitmap or a VideoFrame; it is closed when the call returns.

const HEADER = 25;              // seq, capture time, time of sending (u64, ns), flags (u8)
const STALE = 1, KEY = 2, EYES_AT = 2;  // and what eyes.js reads
const RETRY = 500, RETRY_FULL = 5000;   // ms
const TOO_SLOW = 4008, FULL = 4013, NO_VIDEO = 4015;    // close codes
const MOST_WAITING = 3;         // packets in the decoder; more, and it cannot keep up

export class Stream {
  constructor(format, {onpicture, onstate, onword = () => {}}) {
    this.format = format;
    this.onpicture = onpicture;
    this.onword = onword;       // "recentre"
    this.onstate = onstate;     // "live", "stale", "lost", "full", "no_video", "slow"; "undecodable": it has ended
    this.seq = 0;
    this.shown = this.dropped = 0;
    this.age = 0;               // ms, of the picture that is shown
    this.offset = Infinity;     // this clock minus the server's, with the least transport time that was seen
    this.source = format === "h264" ? new Video(this) : new Pictures(this);
    this.connect();
  }

  static canDecode(format) {
    return format === "jpeg" || (format === "h264" && "VideoDecoder" in window);
  }

  connect() {
    const query = this.format === "h264" ? "?format=h264" : "";
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws${query}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = message => this.receive(message.data);
    this.socket.onclose = event => this.lost(event.code);
  }

  receive(data) {
    if (typeof data === "string") { this.onword(data); return; }
    const head = new DataView(data);
    const info = {
      seq: Number(head.getBigUint64(0, true)),
      captured: Number(head.getBigUint64(8, true)) / 1e6,
      stale: (head.getUint8(24) & STALE) !== 0,
      key: (head.getUint8(24) & KEY) !== 0,
      eyes: head.getUint8(24) >> EYES_AT,
    };
    this.offset = Math.min(this.offset, performance.now() - Number(head.getBigUint64(16, true)) / 1e6);
    if (data.byteLength > HEADER) this.source.take(new Uint8Array(data, HEADER), info);
    this.onstate(info.stale ? "stale" : "live");
  }

  show(picture, info) {
    if (this.seq && info.seq > this.seq + 1) this.dropped += info.seq - this.seq - 1;
    this.seq = info.seq;
    this.shown++;
    try { this.onpicture(picture, info); } finally { picture.close(); }
    this.age = performance.now() - this.offset - info.captured;
  }

  lost(code) {
    if (this.closed) return;
    this.source.reset();
    this.offset = Infinity;     // it may be another server
    this.seq = 0;
    this.onstate({[FULL]: "full", [NO_VIDEO]: "no_video", [TOO_SLOW]: "slow"}[code] ?? "lost");
    if (this.closed) return;
    this.retry = setTimeout(() => this.connect(), [FULL, NO_VIDEO].includes(code) ? RETRY_FULL : RETRY);
  }

  close() {
    this.closed = true;
    clearTimeout(this.retry);
    this.source.reset();
    this.socket.close();
  }
}

// JPEGs. Only the newest is decoded; one that arrives meanwhile replaces the one that waits.
class Pictures {
  constructor(stream) { this.stream = stream; this.waiting = null; this.busy = false; }

  take(data, info) {
    this.waiting = {data, info};
    if (!this.busy) this.decode();
  }

  reset() { this.waiting = null; }

  async decode() {
    this.busy = true;
    while (this.waiting) {
      const {data, info} = this.waiting;
      this.waiting = null;
      try {
        this.stream.show(await createImageBitmap(new Blob([data], {type: "image/jpeg"})), info);
      } catch (error) {
        console.error(`picture ${info.seq}: ${error}`);
      }
    }
    this.busy = false;
  }
}

// H.264. Every packet is decoded, from a key frame on.
class Video {
  constructor(stream) { this.stream = stream; this.decoder = null; this.infos = new Map(); }

  take(data, info) {
    if (info.key) this.configure(data);
    if (!this.decoder || this.decoder.state !== "configured") return;
    if (this.decoder.decodeQueueSize > MOST_WAITING && !info.key) {
      this.reset();
      this.stream.socket.send("key");   // until that comes nothing can be decoded
      return;
    }
    this.infos.set(info.seq, info);
    this.decoder.decode(new EncodedVideoChunk({type: info.key ? "key" : "delta", timestamp: info.seq, data}));
  }

  configure(data) {
    const codec = codecOf(data);
    if (this.codec === codec && this.decoder && this.decoder.state === "configured") return;
    this.reset();
    this.codec = codec;
    const before = this.stream.shown;
    this.decoder = new VideoDecoder({
      output: frame => this.output(frame),
      error: error => {
        console.error(`${codec}: ${error}`);
        if (this.stream.shown > before) { this.stream.socket.close(); return; }   // it could, so another one can
        this.stream.close();
        this.stream.onstate("undecodable");
      },
    });
    this.decoder.configure({codec, optimizeForLatency: true});
  }

  output(frame) {
    const info = this.infos.get(frame.timestamp);
    this.infos.delete(frame.timestamp);
    if (info) this.stream.show(frame, info); else frame.close();
  }

  reset() {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.infos.clear();
  }
}

// The codec string (RFC 6381) from the sequence parameter set: profile, constraints, level.
function codecOf(data) {
  for (let at = 0; at + 6 < data.length; at++) {
    if (data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 1 && (data[at + 3] & 31) === 7) {
      const numbers = [...data.subarray(at + 4, at + 7)];
      return "avc1." + numbers.map(number => number.toString(16).padStart(2, "0")).join("");
    }
  }
  return "avc1.42c01f";
}
