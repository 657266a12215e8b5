"""How right masks are, and how calm."""

from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from scripts.people_paths.ours import Pixels
from workers.person._calm import Calm
from workers.person._networks import Mask, Network
from workers.person.segment import Settings

STILL = 3  # steps of grey by which a pixel may change and still stands still, with all that is near it
NEAR = 5  # pixels of the mask
ENOUGH = 0.2  # of the frame has to stand still, or it is a cut or a pan


def miou(mask: Mask, true: Pixels) -> float:
    """Mean of how person and background overlap, at the size of the truth."""
    found = np.asarray(cv2.resize(mask, true.shape[::-1])) > 0.5
    person = true > 127
    inside = (found & person).sum() / (found | person).sum()
    outside = (~found & ~person).sum() / (~found | ~person).sum()
    return float((inside + outside) / 2)


def flicker_ratio(clip: Path, model: str) -> float:
    """Change from frame to frame of our masks over that of the raw ones, where the picture stands still."""
    network, calm, strength = Network(model, 1), Calm(), Settings().calm
    before: tuple[Mask, Mask, npt.NDArray[np.int16]] | None = None
    raw_changes, our_changes = [], []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            raw = network(frame.to_ndarray(format="rgb24")).copy()
            ours = calm(raw, network.seen, strength).copy()
            grey = np.asarray(cv2.cvtColor(network.seen, cv2.COLOR_RGB2GRAY), np.int16)
            if before is not None:
                moves = (np.abs(grey - before[2]) > STILL).astype(np.uint8)
                still = np.asarray(cv2.dilate(moves, np.ones((NEAR, NEAR), np.uint8))) == 0
                if still.mean() > ENOUGH:
                    raw_changes.append(np.abs(raw - before[0])[still].mean())
                    our_changes.append(np.abs(ours - before[1])[still].mean())
            before = raw, ours, grey
    return float(np.mean(our_changes) / np.mean(raw_changes))
