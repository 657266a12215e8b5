# What Stereoring uses of dxcam 0.3.0, as its wheel for Windows declares it.
class DXCamera:
    def grab(self, region=None, copy=True, new_frame_only=True): ...
    def release(self): ...
    @property
    def is_released(self): ...
    def __enter__(self): ...
    def __exit__(self, exc_type, exc, tb): ...

class DXFactory:
    devices: list
    outputs: list
    _instances: dict
    def __init__(self): ...
    def create(
        self,
        device_idx=0,
        output_idx=None,
        region=None,
        output_color="RGB",
        max_buffer_len=8,
        backend="dxgi",
        processor_backend="cv2",
    ): ...
