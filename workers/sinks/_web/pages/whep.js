// The video, with sound if that is wanted, by WebRTC in a <video> element, which a headset's own 3D mode needs.

const RETRY = 1000, RETRY_FULL = 5000;  // ms
const CONNECTS_WITHIN = 10000;  // ms
const FULL = 503, NO_VIDEO = 409;       // as HTTP has them

export function connectWhep(video, sound, onstate) {
  let connection = null, place = null, closed = false, timer = null, late = null;

  async function connect() {
    connection = new RTCPeerConnection();
    connection.addTransceiver("video", {direction: "recvonly"});
    if (sound) connection.addTransceiver("audio", {direction: "recvonly"});
    const stream = new MediaStream();
    connection.ontrack = event => {
      event.receiver.jitterBufferTarget = 0;
      stream.addTrack(event.track);
      if (video.srcObject !== stream) video.srcObject = stream;
      video.play();
      event.track.onunmute = () => onstate("live");
    };
    let reached = false;
    connection.onconnectionstatechange = () => {
      const {connectionState: now} = connection;
      if (now === "connected") { reached = true; clearTimeout(late); }
      if (["failed", "disconnected", "closed"].includes(now)) again(reached ? "lost" : "unreachable");
    };
    const offer = await connection.createOffer();
    if (!offer.sdp.includes(" H264/")) { closed = true; drop(); onstate("undecodable"); return; }
    await connection.setLocalDescription(offer);
    await gathered(connection);
    const reply = await fetch("whep", {
      method: "POST",
      headers: {"Content-Type": "application/sdp", "X-Stereoring": "1"},
      body: connection.localDescription.sdp,
    });
    if (!reply.ok) { refused(reply.status, (await reply.text()).trim()); return; }
    place = reply.headers.get("Location");
    late = setTimeout(() => again("unreachable"), CONNECTS_WITHIN);
    await connection.setRemoteDescription({type: "answer", sdp: await reply.text()});
  }

  // No answer is a TypeError: fetch has its own word for that.
  function begin() {
    connect().catch(error => {
      console.error(`WHEP: ${error}`);
      if (error instanceof TypeError) again("lost"); else again("no_webrtc", error.message);
    });
  }

  function refused(status, why) {
    if (status === FULL) again("full", "", RETRY_FULL);
    else if (status === NO_VIDEO) { closed = true; drop(); onstate("no_video"); }
    else again("no_webrtc", why, RETRY_FULL);
  }

  function again(state, why = "", after = RETRY) {
    drop();
    if (closed) return;
    onstate(state, why);
    clearTimeout(timer);
    timer = setTimeout(begin, after);
  }

  function drop() {
    clearTimeout(late);
    if (connection) { connection.onconnectionstatechange = null; connection.close(); }
    if (place) fetch(place, {method: "DELETE", headers: {"X-Stereoring": "1"}, keepalive: true}).catch(() => {});
    connection = place = null;
  }

  addEventListener("pagehide", drop);
  begin();
  return {
    frames: () => video.getVideoPlaybackQuality().totalVideoFrames,
    close: () => { closed = true; clearTimeout(timer); removeEventListener("pagehide", drop); drop(); video.srcObject = null; },
  };
}

// All candidates are in the offer: WHEP's simple form, and on one network they are there at once.
function gathered(connection) {
  return new Promise(resolve => {
    if (connection.iceGatheringState === "complete") resolve();
    connection.onicegatheringstatechange = () => connection.iceGatheringState === "complete" && resolve();
    setTimeout(resolve, 1000);
  });
}
