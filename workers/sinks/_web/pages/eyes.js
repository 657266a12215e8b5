// Where the two eyes' views lie in a picture: what the stream says of it (eyes.py on the server), in parts of it.

const SWAPPED = 8;
const WHOLE = {x: 0, y: 0, width: 1, height: 1};
const LEFT = {...WHOLE, width: .5}, RIGHT = {...LEFT, x: .5};
const TOP = {...WHOLE, height: .5}, BOTTOM = {...TOP, y: .5};
const PLACES = [                // views, and how much wider one is to be seen than the whole picture is
  {views: [WHOLE, WHOLE], stretch: 1},
  {views: [LEFT, RIGHT], stretch: 1},         // half-sbs
  {views: [LEFT, RIGHT], stretch: .5},        // full-sbs
  {views: [TOP, BOTTOM], stretch: 1},         // half-tab
  {views: [TOP, BOTTOM], stretch: 2},         // full-tab
];

// The aspect is that of one view as it is to be seen.
export function eyesIn(eyes, width, height) {
  const {views, stretch} = PLACES[eyes & ~SWAPPED] || PLACES[0];
  const [left, right] = eyes & SWAPPED ? [...views].reverse() : views;
  return {left, right, aspect: stretch * width / height};
}

export function sizeOf(picture) {
  return [picture.displayWidth || picture.width, picture.displayHeight || picture.height];
}
