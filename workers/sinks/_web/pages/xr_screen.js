// The screen in space: one surface, flat or curved, on which each eye sees its own part of the picture.

import * as THREE from "./vendor/three/three.module.js";
import {eyesIn, sizeOf} from "./eyes.js";

const COLUMNS = 64;             // of the curved surface
const WIDEST = 1.5 * Math.PI;   // radians that it goes around the eyes at most
const LAYERS = {left: 1, right: 2};     // three shows these to one eye each

const VERTEX = `
  varying vec2 place;
  void main() {
    place = vec2(uv.x, 1.0 - uv.y);
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;
// The texture holds sRGB as it came, since browsers upload video as such without a copy. An eye's part keeps half a
// pixel away from the other's.
const FRAGMENT = `
  uniform sampler2D picture;
  uniform vec4 part;
  varying vec2 place;
  void main() {
    vec2 half_pixel = 0.5 / vec2(textureSize(picture, 0));
    vec2 at = clamp(part.xy + place * part.zw, part.xy + half_pixel, part.xy + part.zw - half_pixel);
    gl_FragColor = sRGBTransferEOTF(vec4(texture2D(picture, at).rgb, 1.0));
    #include <colorspace_fragment>
  }`;

export class Screen {
  constructor(renderer, place) {
    this.renderer = renderer;
    this.place = place;
    this.group = new THREE.Group();
    this.aspect = 16 / 9;
    this.texture = pictureTexture(renderer);
    this.eyes = {left: this.eye("left"), right: this.eye("right")};
    this.group.visible = false;           // until there is a picture
    this.arrange();
  }

  eye(name) {
    const uniforms = {picture: {value: this.texture}, part: {value: new THREE.Vector4(0, 0, 1, 1)}};
    const material = new THREE.ShaderMaterial({vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms});
    const mesh = new THREE.Mesh(new THREE.BufferGeometry(), material);
    mesh.layers.set(LAYERS[name]);
    mesh.frustumCulled = false;
    this.group.add(mesh);
    return mesh;
  }

  // The picture is uploaded at once: it is closed when this returns.
  show(picture, info) {
    this.texture.setFrame(picture);
    this.renderer.initTexture(this.texture);
    const parts = eyesIn(info.eyes, ...sizeOf(picture));
    for (const name in this.eyes) {
      const {x, y, width, height} = parts[name];
      this.eyes[name].material.uniforms.part.value.set(x, y, width, height);
    }
    this.group.visible = true;
    if (parts.aspect === this.aspect) return;
    this.aspect = parts.aspect;
    this.arrange();
  }

  // As the place says now.
  arrange() {
    const {width, distance, height, curve, middle, eyes} = this.place;
    this.group.position.set(middle.x, middle.y, middle.z);
    this.group.lookAt(eyes.x, eyes.y, eyes.z);
    this.height = width / this.aspect;
    const geometry = surface(width, this.height, Math.hypot(distance, height), curve);
    this.eyes.left.geometry.dispose();
    this.eyes.left.geometry = this.eyes.right.geometry = geometry;
  }
}

// Part of a cylinder around an upright axis, which is at the eyes for curve 1. It is `width` along its surface.
function surface(width, height, distance, curve) {
  const geometry = new THREE.PlaneGeometry(width, height, curve ? COLUMNS : 1, 1);
  if (!curve) return geometry;
  const radius = Math.max(distance / curve, width / WIDEST), at = geometry.attributes.position;
  for (let i = 0; i < at.count; i++) {
    const angle = at.getX(i) / radius;
    at.setX(i, radius * Math.sin(angle));
    at.setZ(i, radius * (1 - Math.cos(angle)));
  }
  return geometry;
}

function pictureTexture(renderer) {
  const texture = new THREE.VideoFrameTexture();
  texture.colorSpace = THREE.NoColorSpace;
  texture.flipY = false;        // which would cost a copy
  texture.generateMipmaps = true;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.magFilter = THREE.LinearFilter;
  texture.anisotropy = renderer.capabilities.getMaxAnisotropy();
  return texture;
}
