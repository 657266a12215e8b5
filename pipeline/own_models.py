"""The models of all rooms that have a manifest, by name."""

from workers.depth._manifest import MODELS as DEPTH_MODELS
from workers.models import Model
from workers.person._manifest import MODELS as PERSON_MODELS
from workers.person._pose_models import POSE_MODELS
from workers.voice._manifest import MODELS as VOICE_MODELS

MODELS: dict[str, Model] = {**DEPTH_MODELS, **PERSON_MODELS, **POSE_MODELS, **VOICE_MODELS}
