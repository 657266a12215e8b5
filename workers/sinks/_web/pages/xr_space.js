// What one sees in the headset: the screen, the room around it, hands and a note.

import * as THREE from "./vendor/three/three.module.js";
import {Hands} from "./xr_hands.js";
import {Note} from "./xr_note.js";
import {darkRoom, night} from "./xr_room.js";
import {Screen} from "./xr_screen.js";

export class Space {
  constructor(place, {onfigures, onleft}) {
    this.place = place;
    this.onleft = onleft;
    this.renderer = new THREE.WebGLRenderer({antialias: true, alpha: true});
    this.renderer.xr.enabled = true;
    this.renderer.xr.setFoveation(0);     // as sharp at the rim as in the middle
    this.screen = new Screen(this.renderer, place);
    this.note = new Note();
    this.hands = new Hands(place, {onfigures, onrecentre: () => this.recentre()});
    this.room = darkRoom();
    this.screen.group.add(this.note.mesh);
    this.scene = new THREE.Scene();
    this.scene.add(this.screen.group, this.hands.pointers, this.room);
    this.camera = new THREE.PerspectiveCamera();
    place.listeners.push(() => { this.moved = true; });
  }

  // Raises what the browser says when it does not let anybody in.
  async enter(mode) {
    const session = await navigator.xr.requestSession(mode, {requiredFeatures: ["local-floor"]});
    session.addEventListener("end", () => this.left());
    this.room.visible = mode === "immersive-vr";
    this.scene.background = this.room.visible ? night : null;
    this.hands.enter(session);
    this.facing = this.moved = true;
    this.before = null;
    this.renderer.xr.setFramebufferScaleFactor(XRWebGLLayer.getNativeFramebufferScaleFactor(session));
    try {
      await this.renderer.xr.setSession(session);
    } catch (error) {
      await session.end();
      throw error;
    }
    this.renderer.xr.getReferenceSpace().addEventListener("reset", () => { this.facing = true; });
    this.renderer.setAnimationLoop((time, frame) => this.draw(time, frame));
    this.session = session;
  }

  // With the next look: the screen comes to where that goes.
  recentre() { this.recentring = true; }

  show(picture, info) { this.screen.show(picture, info); }

  say(text) { this.note.say(text); }

  left() {
    this.session = null;
    this.renderer.setAnimationLoop(null);
    this.onleft();
  }

  draw(time, frame) {
    const space = this.renderer.xr.getReferenceSpace(), pose = frame && frame.getViewerPose(space);
    if (pose) this.look(pose.transform);
    if (frame) this.hands.update(frame, space, this.before === null ? 0 : (time - this.before) / 1000);
    this.before = time;
    if (this.moved) {
      this.moved = false;
      this.screen.arrange();
      this.note.put(this.screen.height, this.place.distance);
    }
    this.renderer.render(this.scene, this.camera);
  }

  // Put the screen before the eyes, if that is asked for.
  look({position, orientation}) {
    if (!this.facing && !this.recentring) return;
    const direction = new THREE.Vector3(0, 0, -1).applyQuaternion(new THREE.Quaternion().copy(orientation));
    const eyes = {x: position.x, y: position.y, z: position.z};
    if (this.recentring) this.place.recentre(eyes, direction); else this.place.face(eyes, direction);
    this.room.position.set(eyes.x, 0, eyes.z);
    this.facing = this.recentring = false;
  }
}
