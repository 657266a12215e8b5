"""HLS in a browser, by hls.js from our own server (`python scripts/vendor.py test` gets it)."""

PLAY = """
async url => {
  document.body.innerHTML = "<video id=video muted></video>";
  const script = document.createElement("script");
  script.src = "/vendor/hls.js/hls.min.js";
  await new Promise((loaded, failed) => {
    script.onload = loaded;
    script.onerror = failed;
    document.head.append(script);
  });
  const player = new Hls({lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5});
  player.loadSource(url);
  player.attachMedia(video);
  await video.play();
}
"""
