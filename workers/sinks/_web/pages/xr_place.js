// Where the screen is in space: what the visitor has chosen, kept by the browser, and where he looked when it was
// put before him. Numbers only; metres and radians.

export const RANGES = {
  width: {min: .5, max: 12, step: .1, usual: 3},
  distance: {min: .7, max: 15, step: .1, usual: 3},
  height: {min: -3, max: 6, step: .05, usual: 0},       // of its middle, above the eyes
  curve: {min: 0, max: 1, step: .05, usual: .25},       // 1: as far from the eyes everywhere
};
const KEPT = "stereoring-screen", KEEP_AFTER = 300;     // ms
const STEEPEST = 1.2;           // radians up or down at which the screen can still be put before the eyes

export class Place {
  constructor() {
    this.listeners = [];                  // called when anything of it has changed
    this.eyes = {x: 0, y: 1.5, z: 0};     // where they were when the screen was put before them
    this.turn = 0;                        // the way that they looked, to the left
    for (const name in RANGES) this[name] = RANGES[name].usual;
    for (const [name, value] of Object.entries(kept())) if (name in RANGES) this.set(name, value);
  }

  set(name, value) {
    const {min, max, usual} = RANGES[name];
    this[name] = Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : usual;
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => keep(this), KEEP_AFTER);
    this.changed();
  }

  reset() { for (const name in RANGES) this.set(name, RANGES[name].usual); }

  // Before the eyes, at the chosen height.
  face(eyes, direction) {
    this.eyes = {...eyes};
    this.turn = turnOf(direction);
    this.changed();
  }

  // Where one looks now, up and down as well.
  recentre(eyes, direction) {
    this.face(eyes, direction);
    this.set("height", this.distance * Math.tan(riseOf(direction)));
  }

  changed() { this.listeners.forEach(listener => listener()); }

  get middle() {
    return {
      x: this.eyes.x - this.distance * Math.sin(this.turn),
      y: this.eyes.y + this.height,
      z: this.eyes.z - this.distance * Math.cos(this.turn),
    };
  }
}

export function turnOf(direction) { return Math.atan2(-direction.x, -direction.z); }

export function riseOf(direction) {
  const rise = Math.atan2(direction.y, Math.hypot(direction.x, direction.z));
  return Math.min(STEEPEST, Math.max(-STEEPEST, rise));
}

function kept() {
  try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }   // forbidden, or not ours
}

function keep(place) {
  const values = Object.fromEntries(Object.keys(RANGES).map(name => [name, place[name]]));
  try { localStorage.setItem(KEPT, JSON.stringify(values)); } catch { /* it lasts as long as the page */ }
}
