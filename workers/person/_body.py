"""The 33 points of a body, the bones between them, and the angles of its joints."""

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
NAMES = (
    "nose",
    "left eye inner",
    "left eye",
    "left eye outer",
    "right eye inner",
    "right eye",
    "right eye outer",
    "left ear",
    "right ear",
    "mouth left",
    "mouth right",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left pinky",
    "right pinky",
    "left index",
    "right index",
    "left thumb",
    "right thumb",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
    "left heel",
    "right heel",
    "left foot index",
    "right foot index",
)
"""Left and right are the person's own."""
FACE = ((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10))
BODY = ((11, 12), (11, 23), (12, 24), (23, 24))
ARM = ((11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19))
LEG = ((23, 25), (25, 27), (27, 29), (27, 31), (29, 31))
BONES = (*FACE, *BODY, *ARM, *((a + 1, b + 1) for a, b in ARM), *LEG, *((a + 1, b + 1) for a, b in LEG))
JOINTS = {
    "left elbow": (11, 13, 15),
    "right elbow": (12, 14, 16),
    "left shoulder": (13, 11, 23),
    "right shoulder": (14, 12, 24),
    "left wrist": (13, 15, 19),
    "right wrist": (14, 16, 20),
    "left hip": (11, 23, 25),
    "right hip": (12, 24, 26),
    "left knee": (23, 25, 27),
    "right knee": (24, 26, 28),
    "left ankle": (25, 27, 31),
    "right ankle": (26, 28, 32),
}
"""Name → the points whose middle one is the joint."""


def joint_angles(points: Points) -> dict[str, float]:
    """points float32[33, 2 or 3] → degrees, 0 to 180, by name: 180 is a stretched elbow. With joint j between
    the points a and b: arccos((a - j) · (b - j) / (|a - j| |b - j|)). A joint whose bones have no length has
    none, and is left out."""
    angles = {}
    for name, (before, joint, after) in JOINTS.items():
        one, other = points[before] - points[joint], points[after] - points[joint]
        lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
        if lengths > 0:
            cosine = float(np.clip(one @ other / lengths, -1, 1))
            angles[name] = float(np.degrees(np.arccos(cosine)))
    return angles
