"""Steady where nothing moves, immediate where something does.

A network's opinion of the same place jitters from frame to frame. What is known of a place from before,
carried to where it is now, is worth more than one new opinion; but only as long as the place still looks the
same, and as long as the new opinion is not quite another: then it is the old one that is wrong.
"""

import cv2
import numpy as np
import numpy.typing as npt

from workers.steady._easing import share_of_new

SURE, DOUBTFUL = 0.08, 0.2  # nearness; differences that are jitter, and that are news


def blended(
    new: npt.NDArray[np.float32],
    carried: npt.NDArray[np.float32],
    known: npt.NDArray[np.uint8],
    seconds: float,
    smoothing: float,
) -> npt.NDArray[np.float32]:
    """All [h, w]: the map of now, the one of `seconds` ago carried here, where that is known (1, else 0).
    `smoothing`: seconds that an opinion lasts where nothing moves."""
    weight = share_of_new(seconds, smoothing)
    difference = cv2.absdiff(new, carried)
    news = np.clip((difference - SURE) / (DOUBTFUL - SURE), 0, 1)
    news[known == 0] = 1
    news = cv2.dilate(news, np.ones((3, 3), np.uint8))  # edges of what is news are news
    gate = weight + (1 - weight) * news
    return np.asarray(carried + gate * (new - carried), np.float32)
