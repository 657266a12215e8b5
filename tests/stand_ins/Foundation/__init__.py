"""A stand-in for pyobjc's Foundation: objects that are made as Objective-C makes them."""

from typing import Any


class NSObject:
    """`Thing.alloc().init()`, and subclasses that name protocols."""

    def __init_subclass__(cls, protocols: Any = ()) -> None:
        cls.protocols = protocols

    @classmethod
    def alloc(cls):
        return cls.__new__(cls)

    def init(self):
        return self
