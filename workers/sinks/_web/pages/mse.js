// Video with sound in a <video> element: fragments of mp4 over a WebSocket (Media Source Extensions).

const RETRY = 500, RETRY_FULL = 5000;   // ms
const TOO_SLOW = 4008, FULL = 4013, NO_VIDEO = 4015;    // close codes
const HASTE = 0.12, JUMP = 0.8;         // seconds behind the newest picture: play faster, go there
const KEPT = 10;                        // seconds of what was shown
const LONG = 1;                         // seconds that a picture lasts as far as is told: the next one ends it

export function connectMse(video, sound, onstate) {
  let socket = null, source = null, buffer = null, waiting = [], closed = false, timer = null;

  function connect() {
    drop();
    const way = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${way}://${location.host}/mse?sound=${sound ? 1 : 0}`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = message => typeof message.data === "string" ? begin(message.data) : take(message.data);
    socket.onclose = event => lost(event.code);
  }

  function begin(kind) {
    if (!("MediaSource" in window) || !MediaSource.isTypeSupported(kind)) {
      console.error(`MSE: ${kind}`);
      drop();
      onstate("undecodable");
      return;
    }
    source = new MediaSource();
    video.src = URL.createObjectURL(source);
    source.onsourceopen = () => {
      URL.revokeObjectURL(video.src);
      buffer = source.addSourceBuffer(kind);
      buffer.onupdateend = () => { keepUp(); feed(); };
      feed();
    };
    video.play().catch(error => console.error(`MSE: ${error}`));
  }

  function take(data) {
    waiting.push(data);
    feed();
  }

  function feed() {
    if (!buffer || buffer.updating || source.readyState !== "open" || !waiting.length) return;
    buffer.appendBuffer(waiting.shift());
  }

  // The newest picture is what is wanted; what was missed is not caught up on.
  function keepUp() {
    if (!video.buffered.length) return;
    const last = video.buffered.end(video.buffered.length - 1);   // with sound it is where that ends
    const end = sound ? last : last - LONG, behind = end - video.currentTime;
    if (behind > JUMP || behind < 0) video.currentTime = end - HASTE / 2;
    video.playbackRate = behind > HASTE ? 1.08 : 1;
    if (video.paused) video.play().catch(() => onstate("lost"));
    if (video.currentTime - video.buffered.start(0) > 2 * KEPT && !buffer.updating) {
      buffer.remove(0, video.currentTime - KEPT);
    }
    onstate("live");
  }

  function lost(code) {
    if (closed) return;
    onstate({[FULL]: "full", [NO_VIDEO]: "no_video", [TOO_SLOW]: "slow"}[code] ?? "lost");
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(connect, [FULL, NO_VIDEO].includes(code) ? RETRY_FULL : RETRY);
  }

  function drop() {
    if (socket) { socket.onclose = socket.onmessage = null; socket.close(); }
    socket = source = buffer = null;
    waiting = [];
  }

  connect();
  return {
    frames: () => video.getVideoPlaybackQuality().totalVideoFrames,
    close: () => { closed = true; clearTimeout(timer); drop(); video.removeAttribute("src"); video.load(); },
  };
}
