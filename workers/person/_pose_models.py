"""The networks that find how a body stands: MediaPipe's BlazePose."""

from dataclasses import dataclass
from typing import ClassVar

from workers.models import Model
from workers.person._manifest import APACHE, GOOGLE


@dataclass(frozen=True, kw_only=True)
class PoseModel(Model):
    """RGB in, [1, rows, columns, 3]: the detector's -1…1, the others' 0…1."""

    setting: ClassVar[str] = "pose.model"


DETECTOR = "pose-detection"
POSE_MODELS = {
    model.name: model
    for model in [
        PoseModel(
            name=DETECTOR,
            file="person/pose_detection.tflite",
            address=GOOGLE + "pose_detection.tflite?generation=1678737489600422",
            sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
            nbytes=2959046,
            licence=APACHE,
            about="where somebody is; the two others begin with it",
        ),
        PoseModel(
            name="pose-full",
            file="person/pose_landmark_full.tflite",
            address=GOOGLE + "pose_landmark_full.tflite?generation=1661875894245786",
            sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
            nbytes=6440512,
            licence=APACHE,
            about="33 points of a body",
        ),
        PoseModel(
            name="pose-lite",
            file="person/pose_landmark_lite.tflite",
            address=GOOGLE + "pose_landmark_lite.tflite?generation=1661875901231143",
            sha256="f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
            nbytes=2819824,
            licence=APACHE,
            about="the same, quicker",
        ),
    ]
}
