"""A stand-in for comtypes, which is for Windows only."""


class COMError(Exception):
    """As _ctypes has it: the three arguments are attributes too, and it is no OSError."""

    def __init__(self, hresult: int, text: str, details: object) -> None:
        super().__init__(hresult, text, details)
        self.hresult, self.text, self.details = hresult, text, details
