"""The networks that find people: where they come from, what they must be, how they are fed."""

from dataclasses import dataclass
from math import inf
from typing import ClassVar, Literal

from workers.models import Model

APACHE = "Apache-2.0"
GOOGLE = "https://storage.googleapis.com/mediapipe-assets/"
VOLCOMIX = "https://raw.githubusercontent.com/Volcomix/virtual-background/99dfe4a/public/models/"
MEET_LICENCE = "unclear: Apache-2.0 by its card of 2020, Google's terms since January 2021"
Head = Literal["probability", "logit", "two logits"]


@dataclass(frozen=True, kw_only=True)
class PersonModel(Model):
    """`size` is the input, (rows, columns), RGB; an .onnx takes -1…1 as [1, 3, rows, columns], a .tflite 0…1
    as [1, rows, columns, 3]. `stretch` is how much a picture may be stretched one way to fill the input;
    there is grey beside it where that is not enough. `head` says what the output is, of an .onnx after
    `in_fewer_steps`. `shift` is how far to the right and below, in pixels of the mask, it answers."""

    setting: ClassVar[str] = "segment.model"

    size: tuple[int, int]
    head: Head
    stretch: float = inf
    shift: float = 0.0


MODELS = {
    model.name: model
    for model in [
        PersonModel(
            name="selfie-landscape",
            file="person/selfie_landscape.tflite",
            address=GOOGLE + "selfie_segmentation_landscape.tflite?generation=1683332561312022",
            sha256="a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
            nbytes=250145,
            licence=APACHE,
            about="people before a camera; quick, best where pictures are wider than high",
            size=(144, 256),
            head="probability",
        ),
        PersonModel(
            name="selfie-general",
            file="person/selfie_general.tflite",
            address=GOOGLE + "selfie_segmentation.tflite?generation=1683332563830600",
            sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
            nbytes=249505,
            licence=APACHE,
            about="the same with finer edges, for any shape of picture",
            size=(256, 256),
            head="probability",
        ),
        PersonModel(
            name="mlkit-selfie",
            file="person/mlkit_selfie.tflite",
            address=VOLCOMIX + "selfiesegmentation_mlkit-256x256-2021_01_19-v1215.f16.tflite",
            sha256="8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
            nbytes=249024,
            licence=APACHE,
            about="selfie-general as ML Kit has it",
            size=(256, 256),
            head="probability",
        ),
        PersonModel(
            name="meet-full",
            file="person/meet_full.tflite",
            address=VOLCOMIX + "segm_full_v679.tflite",
            sha256="4fa38a8d2e48e6e3a6fc59a8c88f8766147544947689dec299f654bfdb2b171e",
            nbytes=407248,
            licence=MEET_LICENCE,
            about="that of Google Meet",
            size=(144, 256),
            head="two logits",
        ),
        PersonModel(
            name="meet-lite",
            file="person/meet_lite.tflite",
            address=VOLCOMIX + "segm_lite_v681.tflite",
            sha256="b13571477760f99012fbd6365b38406e94020b8eaaf513da8e8eff6332f38b44",
            nbytes=407232,
            licence=MEET_LICENCE,
            about="the same, smaller: the quickest of all",
            size=(96, 160),
            head="two logits",
        ),
        PersonModel(
            name="pphumanseg-v2",
            file="person/pp_humanseg_v2_lite.onnx",
            address="https://raw.githubusercontent.com/YipengChen/HappyAI/7f914c1/models/"
            "portrait_pp_humansegv2_lite_256x144_inference_model_with_softmax.onnx",
            sha256="decfc5ba37c5df5cd89d52798d5e86e5ca6a3e000c163ac97ed3ea9a0a185ed8",
            nbytes=3825195,
            licence=APACHE,
            about="PaddleSeg's for portraits; slower, good at whole figures",
            size=(144, 256),
            head="probability",
            stretch=1.4,  # measured: mIoU of 0.948 with 1, 0.955 with 1.4, 0.951 with 1.8
            shift=0.5,  # measured: 0.943 mIoU without, 0.946 with it
        ),
        PersonModel(
            name="bodypix",
            file="person/bodypix_050_stride8.tflite",
            address="https://raw.githubusercontent.com/floe/backscrub/c003ad7/models/"
            "body-pix-float-050-8.tflite",
            sha256="d2de5fcc47ec4279c3fea0a5e38ab5cdacb3e1a27409b83557faabb81d07402e",
            nbytes=2208328,
            licence=APACHE,
            about="coarse and slow; the first of its kind",
            size=(257, 257),
            head="logit",
        ),
    ]
}
