"""The window's shaders. `PICTURE` shows a picture as it is, `GREY` a map. For `stereo.where: sink` the window
does what workers/stereo/_warp.py does: `NEARNESS` brings the map to full size along the colour edges, `WARP`
looks, for each pixel of each eye, along its row for the nearest source surface that lands on it."""

CORNERS = """#version 330 core
out vec2 place;
void main() {
    place = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(place * 2.0 - 1.0, 0.0, 1.0);
}
"""

PICTURE = """#version 330 core
in vec2 place;
out vec4 colour;
uniform sampler2D picture;
void main() { colour = vec4(texture(picture, vec2(place.x, 1.0 - place.y)).rgb, 1.0); }
"""

GREY = """#version 330 core
in vec2 place;
out vec4 colour;
uniform sampler2D map;
void main() { colour = vec4(vec3(texture(map, vec2(place.x, 1.0 - place.y)).r), 1.0); }
"""

NEARNESS = """#version 330 core
out float near;
uniform sampler2D frame;
uniform sampler2D map;

const float EDGE = 0.06;
const float TONE = 40.0 / 65025.0;

float likeness(vec3 a, ivec2 other) {
    vec3 difference = a - texelFetch(frame, other, 0).rgb;
    return 1.0 / (TONE + dot(difference, difference));
}

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy), size = textureSize(frame, 0), cells = textureSize(map, 0);
    vec2 ratio = vec2(cells) / vec2(size);
    vec2 at = (vec2(here) + 0.5) * ratio - 0.5;
    ivec2 c0 = clamp(ivec2(floor(at)), ivec2(0), cells - 1), c1 = min(c0 + 1, cells - 1);
    vec2 f = clamp(at - vec2(c0), 0.0, 1.0);
    vec4 z = vec4(texelFetch(map, c0, 0).r, texelFetch(map, ivec2(c1.x, c0.y), 0).r,
                  texelFetch(map, ivec2(c0.x, c1.y), 0).r, texelFetch(map, c1, 0).r);
    vec4 w = vec4((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
    float low = min(min(z.x, z.y), min(z.z, z.w)), high = max(max(z.x, z.y), max(z.z, z.w));
    if (high - low > EDGE) {
        ivec2 p0 = ivec2((vec2(c0) + 0.5) / ratio), p1 = ivec2((vec2(c1) + 0.5) / ratio);
        vec3 own = texelFetch(frame, here, 0).rgb;
        w = (w + 0.02) * vec4(likeness(own, p0), likeness(own, ivec2(p1.x, p0.y)),
                              likeness(own, ivec2(p0.x, p1.y)), likeness(own, p1));
        vec4 front = vec4(greaterThan(z, vec4(0.5 * (low + high))));
        bool in_front = 2.0 * dot(w, front) >= dot(w, vec4(1.0));
        w *= in_front ? front : 1.0 - front;
    }
    near = dot(w, z) / dot(w, vec4(1.0));
}
"""

WARP = """#version 330 core
in vec2 place;
out vec4 colour;
uniform sampler2D frame;
uniform sampler2D nearness;
uniform vec3 parallax;         // scale, convergence, budget
uniform vec4 left_eye;         // top, left, rows, columns, as parts of the picture
uniform vec4 right_eye;
uniform ivec2 share;           // source pixels to one of the picture, down and across

const float STRETCH = 1.6;

float near_at(ivec2 at) { return texelFetch(nearness, at, 0).r; }

float shift_of(float near) { return clamp(parallax.x * (near - parallax.y), -parallax.z, parallax.z); }

vec3 between(float x, int y, int last) {
    int left = min(last - 1, int(x));
    return mix(texelFetch(frame, ivec2(left, y), 0).rgb, texelFetch(frame, ivec2(left + 1, y), 0).rgb,
               x - float(left));
}

// What one eye sees at column u of source row y.
vec3 seen(int u, int y, float eye, int last) {
    int reach = int(ceil(parallax.z)) + 1;
    float best = -1.0, source = -1.0;
    float left_land = -1e9, left_near = 0.0, left_x = -1.0;
    float right_land = 1e9, right_near = 0.0, right_x = -1.0;
    int first = max(0, u - reach), end = min(last, u + reach);
    float z0 = near_at(ivec2(first, y)), t0 = float(first) + eye * shift_of(z0);
    for (int x = first; x <= end; x++) {
        if (t0 <= float(u) && t0 > left_land) { left_land = t0; left_near = z0; left_x = float(x); }
        if (t0 >= float(u) && t0 < right_land) { right_land = t0; right_near = z0; right_x = float(x); }
        if (abs(t0 - float(u)) <= 0.5 && z0 > best) { best = z0; source = float(x); }
        if (x == last) break;
        float z1 = near_at(ivec2(x + 1, y)), t1 = float(x + 1) + eye * shift_of(z1), gap = t1 - t0;
        if (gap > 0.0 && gap <= STRETCH && t0 <= float(u) && float(u) <= t1) {
            float part = (float(u) - t0) / gap, z = mix(z0, z1, part);
            if (z >= best) { best = z; source = float(x) + part; }
        }
        t0 = t1; z0 = z1;
    }
    if (source < 0.0) {                    // a hole: from the side that is farther away
        bool from_right = left_x < 0.0 || (right_x >= 0.0 && right_near < left_near);
        source = from_right ? max(right_x, 0.0) : left_x;
    }
    return between(source, y, last);
}

void main() {
    vec2 at = vec2(place.x, 1.0 - place.y);
    ivec2 size = textureSize(frame, 0);
    for (int i = 0; i < 2; i++) {
        vec4 view = i == 0 ? left_eye : right_eye;
        vec2 inside = (at - view.yx) / view.wz;
        if (all(greaterThanEqual(inside, vec2(0.0))) && all(lessThan(inside, vec2(1.0)))) {
            ivec2 pixel = ivec2(inside * vec2(size) / vec2(share.y, share.x)) * share.yx;
            vec3 sum = vec3(0.0);
            for (int dy = 0; dy < share.x; dy++)
                for (int dx = 0; dx < share.y; dx++)
                    sum += seen(min(pixel.x + dx, size.x - 1), min(pixel.y + dy, size.y - 1),
                                i == 0 ? 1.0 : -1.0, size.x - 1);
            colour = vec4(sum / float(share.x * share.y), 1.0);
            return;
        }
    }
    colour = vec4(0.0, 0.0, 0.0, 1.0);
}
"""
