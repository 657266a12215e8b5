// The video, with sound if that is wanted, by WebRTC in a <video> element, which a headset's own 3D mode needs.

const RETRY = 1000;             // ms

export function connectWhep(video, sound, onstate) {
  let connection = null, place = null, closed = false, timer = null;

  async function connect() {
    connection = new RTCPeerConnection();
    connection.addTransceiver("video", {direction: "recvonly"});
    if (sound) connection.addTransceiver("audio", {direction: "recvonly"});
    const stream = new MediaStream();
    video.srcObject = stream;
    connection.ontrack = event => {
      event.receiver.jitterBufferTarget = 0;
      stream.addTrack(event.track);
      video.play();
      event.track.onunmute = () => onstate("live");
    };
    connection.onconnectionstatechange = () => {
      if (["failed", "disconnected", "closed"].includes(connection.connectionState)) again();
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
    if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
    place = reply.headers.get("Location");
    await connection.setRemoteDescription({type: "answer", sdp: await reply.text()});
  }

  function begin() { connect().catch(error => { console.error(`WHEP: ${error}`); again(); }); }

  function again() {
    drop();
    if (closed) return;
    onstate("lost");
    clearTimeout(timer);
    timer = setTimeout(begin, RETRY);
  }

  function drop() {
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
