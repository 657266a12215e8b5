"""A stand-in for pyobjc-core."""


def protocolNamed(name: str) -> str:
    assert name in ("SCStreamOutput", "SCStreamDelegate")
    return name
