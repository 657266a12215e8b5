// A dark room for devices that do not show the real one: a floor that fades out, under a night that is not quite black.

import * as THREE from "./vendor/three/three.module.js";

const NIGHT = 0x06070b, FLOOR = 0x23262f, RADIUS = 14;

export function darkRoom() {
  const room = new THREE.Group();
  const floor = new THREE.Mesh(new THREE.PlaneGeometry(2 * RADIUS, 2 * RADIUS), faded(FLOOR));
  floor.rotation.x = -Math.PI / 2;
  const rings = new THREE.PolarGridHelper(RADIUS, 12, 7, 64, 0x3a3f4c, 0x3a3f4c);
  rings.material.transparent = true;
  rings.material.opacity = .25;
  rings.position.y = .002;
  room.add(floor, rings);
  return room;
}

export const night = new THREE.Color(NIGHT);

// Brightest in the middle, at its rim as dark as the night.
function faded(colour) {
  const uniforms = {inner: {value: new THREE.Color(colour)}, outer: {value: night}};
  return new THREE.ShaderMaterial({
    uniforms,
    vertexShader: `
      varying vec2 place;
      void main() { place = uv; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`,
    fragmentShader: `
      uniform vec3 inner, outer;
      varying vec2 place;
      void main() {
        gl_FragColor = vec4(mix(inner, outer, smoothstep(0.0, 0.5, distance(place, vec2(0.5)))), 1.0);
        #include <colorspace_fragment>
      }`,
  });
}
