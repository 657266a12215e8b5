"""A stand-in for pyobjc's dispatch."""


def dispatch_queue_create(label, attr):
    assert isinstance(label, bytes)
    return label
