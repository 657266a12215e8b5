"""The window's shaders. `PICTURE` shows a picture as it is, `GREY` a map. For `stereo.where: sink` the window
does what workers/stereo/_definition.py says: `REDUCED` and `SHARPENED` put the edges of a coarse map where
the picture has them, `ENLARGED`, `REFINED` and `CALMED` bring it to full size; `LAND` looks, for each pixel
of an eye, along its row for the nearest source pixel that lands on it; `EYE` samples colours, fills holes and
blends edges; `MIX` lays both eyes out where they share a place. `BEFORE` puts a person before
another background, as workers/person/_blend.py does."""

from workers.stereo import _definition

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

ENLARGED = (
    f"""#version 330 core
out float near;
uniform sampler2D frame;
uniform sampler2D map;
uniform sampler2D colours;

const float EDGE = {_definition.EDGE}, SHARE = {_definition.SHARE}, TONE = {_definition.TONE} / 65025.0;
"""
    + """
float likeness(vec3 a, ivec2 cell) {
    vec3 distance = a - texelFetch(colours, cell, 0).rgb;
    return 1.0 / (TONE + dot(distance, distance));
}

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy), size = textureSize(frame, 0), cells = textureSize(map, 0);
    vec2 at = (vec2(here) + 0.5) * (vec2(cells) / vec2(size)) - 0.5;
    ivec2 c0 = clamp(ivec2(floor(at)), ivec2(0), cells - 1), c1 = min(c0 + 1, cells - 1);
    vec2 f = clamp(at - vec2(c0), 0.0, 1.0);
    vec4 z = vec4(texelFetch(map, c0, 0).r, texelFetch(map, ivec2(c1.x, c0.y), 0).r,
                  texelFetch(map, ivec2(c0.x, c1.y), 0).r, texelFetch(map, c1, 0).r);
    vec4 w = vec4((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
    float low = min(min(z.x, z.y), min(z.z, z.w)), high = max(max(z.x, z.y), max(z.z, z.w));
    if (high - low > EDGE) {
        vec3 own = texelFetch(frame, here, 0).rgb;
        w = (w + SHARE) * vec4(likeness(own, c0), likeness(own, ivec2(c1.x, c0.y)),
                               likeness(own, ivec2(c0.x, c1.y)), likeness(own, c1));
        vec4 front = vec4(greaterThan(z, vec4(0.5 * (low + high))));
        bool in_front = 2.0 * dot(w, front) >= dot(w, vec4(1.0));
        w *= in_front ? front : 1.0 - front;
    }
    near = dot(w, z) / dot(w, vec4(1.0));
}
"""
)

REFINED = (
    f"""#version 330 core
out float near;
uniform sampler2D frame;
uniform sampler2D map;
uniform int reach;             // pixels to each side over which small steps are smoothed

const float LEVEL = {_definition.LEVEL}, MIXED = {float(_definition.MIXED)};
"""
    + """
float difference(vec3 a, ivec2 other) {
    vec3 distance = a - texelFetch(frame, other, 0).rgb;
    return dot(distance, distance);
}

float joined(ivec2 at, ivec2 size) {
    float here = texelFetch(map, at, 0).r, result = here;
    if (any(lessThan(at, ivec2(1))) || any(greaterThan(at, size - 2))) return here;
    vec3 own = texelFetch(frame, at, 0).rgb;
    ivec2 ways[4] = ivec2[4](ivec2(-1, 0), ivec2(1, 0), ivec2(0, -1), ivec2(0, 1));
    for (int i = 0; i < 4; i++) {
        float there = texelFetch(map, at + ways[i], 0).r;
        if (there - here > LEVEL && there > result
                && difference(own, at + ways[i]) <= MIXED * difference(own, at - ways[i]))
            result = there;
    }
    return result;
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy), size = textureSize(map, 0);
    near = joined(at, size);
    if (at.x < reach || at.x >= size.x - reach) return;
    float sum = 0.0;
    for (int k = -reach; k <= reach; k++) {
        float there = joined(at + ivec2(k, 0), size) - near;
        if (abs(there) < LEVEL) sum += there;
    }
    near += sum / float(2 * reach + 1);
}
"""
)

CALMED = """#version 330 core
out float near;
uniform sampler2D map;
uniform ivec2 across;          // the next pixel: (0, 1) or (1, 0)

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy), last = textureSize(map, 0) - 1;
    float z[5];
    for (int k = 0; k < 5; k++) z[k] = texelFetch(map, clamp(here + (k - 2) * across, ivec2(0), last), 0).r;
    float low = max(min(z[0], z[1]), min(z[2], z[3])), high = min(max(z[0], z[1]), max(z[2], z[3]));
    near = max(min(low, high), min(max(low, high), z[4]));
    if (across.x == 1 && (here.x < 2 || here.x > last.x - 2)) near = z[2];
}
"""

REDUCED = f"""#version 330 core
out vec4 colour;
uniform sampler2D frame;
uniform ivec2 cells;

const int COUNT = {len(_definition.LOOKS)}, LOOKS[COUNT] = int[COUNT]{_definition.LOOKS};

void main() {{
    ivec2 here = ivec2(gl_FragCoord.xy), size = textureSize(frame, 0);
    vec3 sum = vec3(0.0);
    for (int j = 0; j < COUNT; j++)
        for (int k = 0; k < COUNT; k++) {{
            ivec2 look = (8 * here + ivec2(LOOKS[k], LOOKS[j])) * size / (8 * cells);
            sum += texelFetch(frame, look, 0).rgb;
        }}
    colour = vec4(sum / float(COUNT * COUNT), 1.0);
}}
"""

SHARPENED = f"""#version 330 core
out float near;
uniform sampler2D map;
uniform sampler2D colours;

const int VOTERS = {_definition.VOTERS};
const float FARTHEST = {_definition.FARTHEST}.0;
const float EDGE = {_definition.EDGE}, SIGMA = {_definition.VOTE_SIGMA};
const float TONE = {_definition.VOTE_TONE} / 65025.0;

void main() {{
    ivec2 here = ivec2(gl_FragCoord.xy), size = textureSize(map, 0);
    ivec2 first = max(here - VOTERS, ivec2(0)), last = min(here + VOTERS, size - 1);
    near = texelFetch(map, here, 0).r;
    float low = near, high = near;
    for (int y = first.y; y <= last.y; y++)
        for (int x = first.x; x <= last.x; x++) {{
            float there = texelFetch(map, ivec2(x, y), 0).r;
            low = min(low, there);
            high = max(high, there);
        }}
    if (high - low <= EDGE) return;
    vec3 own = texelFetch(colours, here, 0).rgb;
    vec2 nearer = vec2(0.0), farther = vec2(0.0);      // votes, and their sum of nearness
    for (int y = first.y; y <= last.y; y++)
        for (int x = first.x; x <= last.x; x++) {{
            vec2 step = vec2(x, y) - vec2(here);
            if (dot(step, step) > FARTHEST) continue;
            float there = texelFetch(map, ivec2(x, y), 0).r;
            vec3 distance = texelFetch(colours, ivec2(x, y), 0).rgb - own;
            float unlike = 1.0 + dot(distance, distance) / TONE;
            vec2 vote = vec2(1.0, there) * exp(-dot(step, step) / (2.0 * SIGMA * SIGMA)) / (unlike * unlike);
            if (there > 0.5 * (low + high)) nearer += vote; else farther += vote;
        }}
    near = nearer.x >= farther.x ? nearer.y / nearer.x : farther.y / farther.x;
}}
"""

PLACES = (
    f"""#version 330 core
uniform sampler2D nearness;
uniform vec3 parallax;         // scale, convergence, budget
uniform float sign;            // 1 for the left eye, -1 for the right

const int HOLE = {_definition.HOLE}, WIDEST = {_definition.WIDEST};
"""
    + """
float near_at(int x, int y) { return texelFetch(nearness, ivec2(x, y), 0).r; }

float shift_of(float near) {
    return sign * clamp(parallax.x * (near - parallax.y), -parallax.z, parallax.z);
}

int place_of(float near, int x) { return (x << 8) + int(floor(256.0 * shift_of(near) + 0.5)); }

int pixel_of(int look) { return (look + 127) >> 8; }
"""
)

LAND = (
    PLACES
    + """
out float source;

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy);
    int last = textureSize(nearness, 0).x - 1, reach = int(ceil(parallax.z)) + 2;
    vec3 nearest = vec3(-1e30);
    ivec3 look = ivec3(HOLE);  // of the pixel to the left, this one, that to the right
    for (int x = max(0, here.x - reach); x <= min(last, here.x + reach); x++) {
        float near = near_at(x, here.y);
        int landed = place_of(near, x) + 128, beside = (landed >> 8) - here.x + 1;
        if (beside < 0 || beside > 2 || near <= nearest[beside]) continue;
        nearest[beside] = near;
        look[beside] = (x << 8) + 128 - (landed & 255);
    }
    int found = look.y;
    if (look.x > HOLE && pixel_of(look.z) == pixel_of(look.x) + 1) found = (look.x + look.z) >> 1;
    source = float(found > HOLE ? clamp(found, 0, last << 8) : HOLE);
}
"""
)

EYE = (
    PLACES
    + f"""
out vec4 colour;
uniform sampler2D frame;
uniform sampler2D source;

const int NEARER = {_definition.NEARER}, FARTHER = {_definition.FARTHER};
const int ROOM = {_definition.ROOM}, TEXTURE = {_definition.TEXTURE};
const float SAME = {_definition.SAME};
const ivec4 NEARER_TAPS = ivec4{_definition.NEARER_TAPS}, FARTHER_TAPS = ivec4{_definition.FARTHER_TAPS};
"""
    + """
struct Hole { int begin, end, left, right; bool within, beside, from_right; };

int look_at(int u, int y) { return int(texelFetch(source, ivec2(u, y), 0).r); }

vec3 pixel(int x, int y) { return texelFetch(frame, ivec2(x, y), 0).rgb; }

int place(int x, int y) { return place_of(near_at(x, y), x); }

int moved(int x, int y) { return place(x, y) - (x << 8); }

bool torn(int here, int there) { return there == HOLE || there < here || there - here > WIDEST; }

bool is_beside_a_tear(int u, int look, int y, int width) {
    if (u > 0) {
        int before = look_at(u - 1, y);
        if (before == HOLE || torn(before, look)) return true;
    }
    return u + 1 < width && torn(look, look_at(u + 1, y));
}

vec3 sampled(int u, int look, int y, int width) {
    int left = look >> 8, own = pixel_of(look), beside = own == left ? left + 1 : left;
    if (beside < width && abs(moved(beside, y) - moved(own, y)) > 256 && is_beside_a_tear(u, look, y, width))
        return pixel(own, y);
    return mix(pixel(left, y), pixel(min(left + 1, width - 1), y), float(look & 255) / 256.0);
}

Hole hole_around(int u, int y, int width) {
    Hole hole = Hole(u, u + 1, -1, -1, false, false, false);
    while (hole.begin > 0 && look_at(hole.begin - 1, y) == HOLE) hole.begin--;
    while (hole.end < width && look_at(hole.end, y) == HOLE) hole.end++;
    if (hole.begin > 0) hole.left = pixel_of(look_at(hole.begin - 1, y));
    if (hole.end < width) hole.right = pixel_of(look_at(hole.end, y));
    hole.within = hole.left >= 0 && hole.right >= 0;
    if (hole.within)
        hole.beside = abs(moved(hole.left, y) - moved(hole.right, y)) < 128 * (hole.end - hole.begin);
    hole.from_right = hole.right >= 0
        && (hole.left < 0 || near_at(hole.right, y) < near_at(hole.left, y));
    return hole;
}

vec3 mean_of(int border, int away, int y, float own, float tolerance, ivec4 tap) {
    ivec2 size = textureSize(frame, 0);
    vec3 sum = vec3(0.0);
    float count = 0.0;
    for (int j = -tap.x; j <= tap.x; j++)
        for (int k = 0; k < tap.z; k++) {
            ivec2 at = ivec2(border + away * k * tap.w, y + j * tap.y);
            if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, size))) continue;
            if (abs(shift_of(near_at(at.x, at.y)) - own) > tolerance) continue;
            sum += pixel(at.x, at.y);
            count += 1.0;
        }
    return count > 0.0 ? sum / count : pixel(border, y);
}

vec3 background(int border, int away, int depth, int size, int y, float tolerance, int width) {
    int own = moved(border, y), room = 0;
    for (; room < ROOM; room++) {
        int x = border + away * (room + 1);
        if (x < 0 || x >= width || float(abs(moved(x, y) - own)) > 256.0 * tolerance) break;
    }
    vec3 nearer = mean_of(border, away, y, float(own) / 256.0, tolerance, NEARER_TAPS);
    vec3 soft;
    if (depth <= NEARER)
        soft = mix(pixel(border, y), nearer, float(depth) / float(NEARER));
    else {
        vec3 farther = mean_of(border, away, y, float(own) / 256.0, tolerance, FARTHER_TAPS);
        soft = mix(nearer, farther, min(1.0, float(depth - NEARER) / float(FARTHER - NEARER)));
    }
    int turn = room == 0 ? 0 : depth % (2 * room), fold = turn <= room ? turn : 2 * room - turn;
    return mix(soft, pixel(border + away * fold, y), float(TEXTURE) / float(TEXTURE + depth));
}

vec3 filled(int u, int y, Hole hole, int width) {
    int size = hole.end - hole.begin;
    float tolerance = hole.within ? min(SAME, 0.5 * float(size)) : SAME;
    vec3 left = vec3(0.0), right = vec3(0.0);
    if (hole.beside || !hole.from_right)
        left = background(max(hole.left, 0), -1, u - hole.begin + 1, size, y, tolerance, width);
    if (hole.beside || hole.from_right)
        right = background(hole.right, 1, hole.end - u, size, y, tolerance, width);
    if (hole.beside) return mix(left, right, float(u - hole.begin + 1) / float(size + 1));
    return hole.from_right ? right : left;
}

// What is seen at u before edges are blended.
vec3 plain(int u, int y, int width) {
    int look = look_at(u, y);
    if (look > HOLE) return sampled(u, look, y, width);
    return filled(u, y, hole_around(u, y, width), width);
}

// The pixel that is seen at `at` ends before what is seen at `behind`: by how many 256ths beyond its edge.
int beyond(int x, int at, int behind, int y) {
    return behind > at ? place(x, y) - (at << 8) : (at << 8) - place(x, y);
}

// Whether what is seen at `at` stands before what is seen beside it, at `behind`.
bool ends(int at, int behind, int y, int width) {
    int here = look_at(at, y), there = look_at(behind, y);
    if (here == HOLE) return false;
    if (there == HOLE) {
        Hole hole = hole_around(behind, y, width);
        return hole.within && !hole.beside && hole.from_right == (behind > at);
    }
    if (!(behind > at ? torn(here, there) : torn(there, here))) return false;
    int x = pixel_of(here), other = pixel_of(there);
    return abs(moved(x, y) - moved(other, y)) > 256 && near_at(x, y) > near_at(other, y);
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    int width = textureSize(frame, 0).x;
    vec3 seen = plain(at.x, at.y, width);
    for (int side = -1; side <= 1; side += 2) {
        int beside = at.x + side;
        if (beside < 0 || beside >= width) continue;
        if (ends(at.x, beside, at.y, width)) {
            int x = pixel_of(look_at(at.x, at.y)), over = beyond(x, at.x, beside, at.y);
            if (over <= 0) seen = mix(pixel(x, at.y), plain(beside, at.y, width), float(-over) / 256.0);
        } else if (ends(beside, at.x, at.y, width)) {
            int x = pixel_of(look_at(beside, at.y)), over = beyond(x, beside, at.x, at.y);
            if (over > 0) seen = mix(seen, pixel(x, at.y), float(over) / 256.0);
        }
    }
    colour = vec4(seen, 1.0);
}
"""
)

MIX = """#version 330 core
in vec2 place;
out vec4 colour;
uniform sampler2D left_eye;
uniform sampler2D right_eye;
uniform int how;               // 0 the left eye, 1 the right, 2 colours, 3 rows, 4 columns, 5 chequered
uniform mat3 from_left;
uniform mat3 from_right;
uniform ivec2 first;           // of the screen: the column at the window's left, the row at its bottom

void main() {
    vec2 at = vec2(place.x, 1.0 - place.y);
    vec3 left = texture(left_eye, at).rgb, right = texture(right_eye, at).rgb;
    ivec2 screen = ivec2(first.x + int(gl_FragCoord.x), first.y - int(gl_FragCoord.y));
    int turn = how == 3 ? screen.y : how == 4 ? screen.x : how == 5 ? screen.x + screen.y : how;
    if (how == 2) colour = vec4(from_left * left + from_right * right, 1.0);
    else colour = vec4((turn & 1) == 1 ? right : left, 1.0);
}
"""

BEFORE = """#version 330 core
out vec4 colour;
uniform sampler2D frame;
uniform sampler2D mask;
uniform sampler2D behind;
uniform sampler2D light;
uniform sampler2D edge;        // by mask value: how much the person covers; how much light falls on them
uniform bool dodge;
uniform float beside;          // how far to the right, in widths, the eye sees behind the person

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy);
    vec2 place = (vec2(here) + 0.5) / vec2(textureSize(frame, 0)), there = place + vec2(beside, 0.0);
    int sure = int(texture(mask, place).r * 255.0 + 0.5);
    float covers = texelFetch(edge, ivec2(sure, 0), 0).r, wraps = texelFetch(edge, ivec2(sure, 1), 0).r;
    vec3 person = texelFetch(frame, here, 0).rgb, added = wraps * texture(light, there).rgb;
    person = dodge ? min(person + added, 1.0) : person + added * (1.0 - person);
    colour = vec4(mix(texture(behind, there).rgb, person, covers), 1.0);
}
"""
