"""A real browser that notes, at each of its frames, which picture it shows and how old that is."""

import time
from typing import Any

import numpy as np

from workers.capture._time_code import BITS
from workers.capture.scene import TICKS

CHROMIUM = "/usr/bin/chromium"
CALIBRATIONS = 200
WATCH = """
([element, bits]) => {
  const strip = document.createElement("canvas"), paint = strip.getContext("2d", {willReadFrequently: true});
  const shown = document.querySelector(element), seen = window.seen = [];
  let last = -1;
  function look() {
    const wide = shown.videoWidth || shown.naturalWidth || shown.width;
    const high = shown.videoHeight || shown.naturalHeight || shown.height;
    const side = Math.max(2, Math.floor(wide / (4 * bits))), across = side / 2;   // half side by side
    if (wide > 300) {
      strip.width = Math.ceil(bits * across); strip.height = 2 * side;
      paint.drawImage(shown, 0, 0, strip.width, strip.height, 0, 0, strip.width, strip.height);
      const {data} = paint.getImageData(0, 0, strip.width, strip.height);
      const at = (row, bit) => data[4 * (row * strip.width + Math.floor((bit + 0.5) * across)) + 1] > 127;
      let code = 0, sound = true;
      for (let bit = 0; bit < bits; bit++) {
        const one = at(Math.floor(side / 2), bit);
        sound = sound && one !== at(side + Math.floor(side / 2), bit);
        code += one ? 2 ** bit : 0;
      }
      if (sound && code !== last) { last = code; seen.push([performance.now(), code]); }
    }
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
}
"""


def watch(
    url: str,
    element: str,
    warm_up: float,
    seconds: float,
    script: str = "() => undefined",
    argument: Any = None,
) -> dict[str, Any]:
    """{"ages_ms", "fps"} of the picture in this element of the page, after a script has run in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            tab = chromium.new_page(viewport={"width": 1280, "height": 720})
            tab.goto(url)
            tab.evaluate(script, argument)
            offset = clock_offset(tab)
            tab.evaluate(WATCH, [element, BITS])
            tab.wait_for_timeout(warm_up * 1000)
            tab.evaluate("seen.length = 0")
            tab.wait_for_timeout(seconds * 1000)
            seen = np.array(tab.evaluate("seen"), float).reshape(-1, 2)
        finally:
            chromium.close()
    ages = (seen[:, 0] + offset) - (seen[:, 1] * 1000 / TICKS)
    wraps = 2**BITS * 1000 / TICKS
    return {"ages_ms": list(ages % wraps), "fps": len(set(seen[:, 1])) / seconds}


def clock_offset(tab: Any) -> float:
    """What to add to the page's clock for ours, in ms: from the quickest of many questions."""
    best = (float("inf"), 0.0)
    for _ in range(CALIBRATIONS):
        before = time.perf_counter() * 1000
        there = tab.evaluate("performance.now()")
        after = time.perf_counter() * 1000
        best = min(best, (after - before, (before + after) / 2 - there))
    return best[1]
