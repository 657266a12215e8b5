// What controllers do to the place of the screen.
//
// Stick up and down: distance; left and right: size. Grip held: the screen goes with the hand. A or X: next curve.
// B or Y: before the eyes. Stick pressed, trigger or a pinch: the figures.

import * as THREE from "./vendor/three/three.module.js";
import {riseOf, turnOf} from "./xr_place.js";

const GRIP = 1, STICK = 3, LOWER = 4, UPPER = 5;        // buttons of a standard XR gamepad
const DEAD = .15;               // of the stick's way
const RATE = 1.0;               // how much larger or farther in a second: e to this
const REACH = 3.0;              // a hand that is stretched by a metre makes it so many times e farther
const CURVES = [0, .25, .5, 1];
const POINTER = [new THREE.ConeGeometry(.008, .1, 12), new THREE.MeshBasicMaterial({color: 0x8fa3c8})];

export class Hands {
  constructor(place, {onrecentre, onfigures}) {
    this.place = place;
    this.onrecentre = onrecentre;
    this.onfigures = onfigures;
    this.known = new Map();     // input source → how it was in the last frame
    this.pointers = new THREE.Group();
  }

  enter(session) {
    this.known.clear();
    this.pointers.clear();
    session.addEventListener("select", this.onfigures);
    session.addEventListener("inputsourceschange", event => event.removed.forEach(source => this.forget(source)));
  }

  update(frame, space, seconds) {
    for (const source of frame.session.inputSources) {
      const before = this.known.get(source) || this.meet(source);
      const pose = frame.getPose(source.targetRaySpace, space);
      const now = {pointer: before.pointer, ray: pose && rayOf(pose), pressed: pressedOn(source.gamepad)};
      this.point(now, source.targetRayMode === "tracked-pointer");
      this.press(before, now);
      if (now.pressed[GRIP] && before.pressed[GRIP] && before.ray && now.ray) this.carry(before.ray, now.ray);
      if (source.gamepad) this.push(source.gamepad.axes, seconds);
      this.known.set(source, now);
    }
  }

  meet() {
    const pointer = new THREE.Mesh(...POINTER);
    this.pointers.add(pointer);
    return {pointer, ray: null, pressed: []};
  }

  forget(source) {
    const known = this.known.get(source);
    if (known) this.pointers.remove(known.pointer);
    this.known.delete(source);
  }

  point({pointer, ray}, inHand) {
    pointer.visible = inHand && Boolean(ray);
    if (!ray) return;
    pointer.position.copy(ray.from);
    pointer.quaternion.setFromUnitVectors(new THREE.Vector3(0, 1, 0), ray.to);
  }

  press(before, now) {
    const went = button => now.pressed[button] && !before.pressed[button];
    if (went(LOWER)) this.place.set("curve", CURVES.find(curve => curve > this.place.curve + .01) ?? 0);
    if (went(UPPER)) this.onrecentre();
    if (went(STICK)) this.onfigures();
  }

  push(axes, seconds) {
    const [across, down] = axes.length >= 4 ? axes.slice(2) : axes;     // a stick's come after a touchpad's
    const beyond = value => Math.abs(value) > DEAD ? value : 0;
    const {place} = this, step = RATE * Math.min(seconds, .1);
    if (beyond(across)) place.set("width", place.width * Math.exp(across * step));
    if (beyond(down)) place.set("distance", place.distance * Math.exp(-down * step));
  }

  // The screen follows where the hand points, and comes and goes with it.
  carry(before, now) {
    const {place} = this;
    place.turn += turnOf(now.to) - turnOf(before.to);
    const away = {x: -Math.sin(place.turn), z: -Math.cos(place.turn)};
    const stretched = (now.from.x - before.from.x) * away.x + (now.from.z - before.from.z) * away.z;
    place.set("height", place.height + place.distance * (Math.tan(riseOf(now.to)) - Math.tan(riseOf(before.to))));
    place.set("distance", place.distance * Math.exp(REACH * stretched));
  }
}

function rayOf({transform}) {
  const from = new THREE.Vector3().copy(transform.position);
  const to = new THREE.Vector3(0, 0, -1).applyQuaternion(new THREE.Quaternion().copy(transform.orientation));
  return {from, to};
}

function pressedOn(gamepad) { return gamepad ? gamepad.buttons.map(button => button.pressed) : []; }
