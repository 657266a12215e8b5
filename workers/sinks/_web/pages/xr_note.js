// A line of text in space, below the screen.

import * as THREE from "./vendor/three/three.module.js";

const WIDTH = 768, HEIGHT = 96;         // pixels
const SHARE = .22;                      // of the screen's distance: as large to the eye wherever it is

export class Note {
  constructor() {
    this.canvas = Object.assign(document.createElement("canvas"), {width: WIDTH, height: HEIGHT});
    this.texture = new THREE.CanvasTexture(this.canvas);
    this.texture.colorSpace = THREE.SRGBColorSpace;
    const material = new THREE.MeshBasicMaterial({map: this.texture, transparent: true});
    this.mesh = new THREE.Mesh(new THREE.PlaneGeometry(1, HEIGHT / WIDTH), material);
    this.mesh.visible = false;
    this.text = "";
  }

  say(text) {
    this.mesh.visible = text !== "";
    if (text === this.text || !text) return;
    this.text = text;
    const paint = this.canvas.getContext("2d");
    paint.clearRect(0, 0, WIDTH, HEIGHT);
    paint.fillStyle = "#10131ad0";
    paint.beginPath();
    paint.roundRect(0, 0, WIDTH, HEIGHT, 24);
    paint.fill();
    paint.fillStyle = "#e8eaf0";
    paint.font = "40px system-ui, sans-serif";
    paint.textAlign = "center";
    paint.textBaseline = "middle";
    paint.fillText(text, WIDTH / 2, HEIGHT / 2, WIDTH - 40);
    this.texture.needsUpdate = true;
  }

  put(below, distance) {
    const size = SHARE * 2 * distance;
    this.mesh.scale.set(size, size, 1);
    this.mesh.position.set(0, -below / 2 - size * HEIGHT / WIDTH, .02);
  }
}
