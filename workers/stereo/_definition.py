"""What a view is, for every back end: warp.py on a CPU, _torch_warp.py on a GPU, the window's shaders.

1. Source pixel x lands at t(x) = x + parallax, in 256ths of a pixel, and is seen at the target pixel u
   nearest to that. Of several the nearest is seen.
2. Where x and x + 1 are seen with one target between them, that target lies between them on their surface.
   Farther apart the surface is torn.
3. A target looks at x + u - t(x), linear between two source pixels; beside a tear it keeps to the one
   it looks at most where the other lies more than a pixel of parallax apart, on another surface.
4. Where nothing has landed is a hole. It is filled with the background, from the side that is farther away,
   or from both sides where they are the same background, as beside something thin. The background's texture
   goes on into the hole, mirrored at its border, and softens with the distance from it: nobody can know what
   is there, and a mean over more and more of the surroundings, rows above and below included, is the best
   guess as well as the calmest, from row to row and from frame to frame.
5. Where a nearer surface ends beside another or a hole, the pixel that its outline crosses shows both, by the
   share that each covers.

Before that the nearness map is brought to the frame's size. A coarser map first gets its edges where the
picture has them: beside an edge the pixels around a pixel vote, the more the nearer they are and the more
they look like it, on whether it is of the nearer or of the farther side. Then it is enlarged, smoothly within
a surface, and across an edge each pixel goes with those that it looks like. In a map as fine as the picture,
be it enlarged or given, the pixels that are mixed of both sides go with the nearer one. In one that is
enlarged the median down, then across, takes away the spurs and the zigzag of outlines that each pixel has
decided alone; in one that is given steps of a single level are smoothed.

In `best` all this; `fast` fills holes in a plainer way, leaves out 5 and the second half of 3, and leaves
mixed pixels and steps as they are.
"""

HOLE = -(1 << 28)  # in place of a position
WIDEST = 512  # 256ths of a source pixel between two neighbours in the view that are still one surface

NEARER, FARTHER = 8, 24  # pixels into a hole where it shows the mean of the nearer and of all surroundings
NEARER_TAPS, FARTHER_TAPS = (2, 2, 4, 1), (3, 5, 5, 3)
"""How many rows up and down and their step, how many columns away from the hole and theirs."""
TEXTURE = 2  # pixels into a hole where half of what it shows is texture
ROOM = 16  # pixels of the background that are mirrored at most
PLAIN = 8  # in `fast`: pixels into a hole where it shows nothing but the mean
SAME = 4.0  # pixels of parallax; what differs by more is another surface

EDGE = 0.06  # nearness; corners of a map cell that differ by more lie on two surfaces
PASSES, VOTERS = 2, 3  # how often they vote, and how far away each way, in pixels of the map
FARTHEST = 10  # squared pixels; those in the corners are as many as they are of little weight
VOTE_SIGMA, VOTE_TONE = 2.0, 450.0  # of their distance in pixels, of their squared difference in colour
LOOKS = (3, 5)  # eighths of a pixel of the map, down and across, where its colour is looked up
TONE = 40.0  # squared colour difference that is still noise
SHARE = 0.02  # that a corner of a cell has at least, however far away; colour decides
OUTLINE = 2  # pixels to each side that the median goes over
LEVEL = 1.5 / 255  # nearness; a smaller step is one of an 8-bit map, and of no surface
REACH = 4  # pixels to each side over which such steps are smoothed
MIXED = 4  # times as far from the nearer surface's colour as from the other's is still a mixture of both
