"""Everything in the ring code that must not be left out: one named change each, and where it shows.

`old` is code as `ast.unparse` writes it (see product.py); indentation is part of it.
"""

from dataclasses import dataclass

from tests.shm.explorer.product import Change


@dataclass(frozen=True)
class Mutation:
    """What is missing, how, and the scenarios to look for it in, the best one first."""

    name: str
    change: Change
    scenarios: tuple[str, ...]


def mutation(name: str, module: str, old: str, new: str, *scenarios: str) -> Mutation:
    return Mutation(name, Change(module, old, new), scenarios)


def without(name: str, module: str, context: str, statement: str, *scenarios: str) -> Mutation:
    """`statement` is left out; `context`, which begins or ends with it, says which one."""
    if context.count(statement) != 1:
        raise ValueError(f"{name}: which {statement}?")
    return mutation(name, module, context, context.replace(statement, "pass"), *scenarios)


FENCE = "self._fence()"

FENCES = (
    without("F after the claim", "writer", f"words[at] = word | 1\n        {FENCE}", FENCE, "every-or-count"),
    without(
        "F before seq",
        "writer",
        "fence()\n        words[at] = self.seq << 1",
        "fence()",
        "figures of a fresh ring",
    ),
    without("F before head", "writer", "words[at] = self.seq << 1\n        fence()", "fence()", "latest"),
    without("F after head", "writer", "| slot.slot\n        fence()", "fence()", "latest, fresh ring"),
    without("F after the epoch", "writer", f"words[EPOCH_AT] += 1\n        {FENCE}", FENCE, "resize, every"),
    without("F when the writer arms", "writer", f"next(self._fresh)\n        {FENCE}", FENCE, "every"),
    without("F after the pin", "reader", f"words[pin] = slot + 1\n        {FENCE}", FENCE, "latest"),
    without(
        "F when a reader arms", "reader", f"next(self._fresh)\n        {FENCE}", FENCE, "latest, fresh ring"
    ),
    without("F before the scan", "reader", f"return (0, 0)\n        {FENCE}", FENCE, "every"),
    without("F before the unpin", "reader", f"words = lease.memory.words\n        {FENCE}", FENCE, "latest"),
    without("F after the cursor", "reader", f"if self.mode == 'every':\n            {FENCE}", FENCE, "every"),
    without(
        "F before the last look at a segment",
        "ring",
        f"self._writer_moved():\n            {FENCE}",
        FENCE,
        "resize, every",
    ),
)

LOOKS = (
    mutation(
        "the writer's second look",
        "writer",
        "if self._pinned(slot):\n            words[at] = word\n            return False",
        "pass",
        "every-or-count",
    ),
    mutation(
        "the writer's look after arming", "writer", "return self.acquire() is None", "return True", "every"
    ),
    mutation(
        "the writer's look again at pins that hop",
        "writer",
        "passes = 1 + len(self.spec.pin_at) * self.spec.slots",
        "passes = 1",
        "every-or-count",
    ),
    mutation("the reader's look at the slot", "reader", "if word == seq << 1:", "if True:", "latest"),
    mutation(
        "the reader's look after arming",
        "reader",
        "self._state == before and (not self.ready())",
        "True",
        "latest, fresh ring",
    ),
    mutation(
        "the reader's last look at a segment",
        "ring",
        f"{FENCE}\n            lease = self._take()\n",
        f"{FENCE}\n",
        "resize, every",
    ),
)

CLAIMS = (
    mutation("the claim", "writer", "words[at] = word | 1\n", "pass\n", "every-or-count"),
    mutation("putting a claimed slot back", "writer", "words[at] = word\n", "pass\n", "relay"),
    mutation("seq = 0 before filling", "writer", "words[at] = 1\n", "pass\n", "every-or-count, camera dies"),
    mutation(
        "refusing a claimed slot", "reader", "if word == seq << 1:", "if word >> 1 == seq:", "every-or-count"
    ),
    mutation(
        "refusing a claimed slot in a hand-over",
        "reader",
        "if word == seq << 1:",
        "if word == seq << 1 or (self.mode == 'by-source' and word >> 1 == seq):",
        "keeper and sink, keeper dies",
    ),
    mutation(
        "waiting until a claim is decided",
        "reader",
        "looks=1 if latest else CLAIM_LOOKS",
        "looks=1",
        "every-or-count",
    ),
)

PINS = (
    mutation(
        "the pin until the release",
        "reader",
        "for look in range(looks):",
        "words[pin] = 0\n        for look in range(looks):",
        "latest",
    ),
    mutation(
        "unpinning what was not leased",
        "reader",
        "words[pin] = 0\n",
        "pass\n",
        "keeper and sink, keeper dies",
    ),
    mutation(
        "keeping the source",
        "writer",
        "self._behind[slot.slot] = keep",
        "[lease.release() for lease in keep]",
        "hand-over",
    ),
    mutation(
        "keeping the source until the second look",
        "writer",
        "words[at] = word | 1\n",
        "words[at] = word | 1\n        [lease.release() for lease in self._behind.get(slot, ())]\n",
        "last of a map",
    ),
    mutation(
        "letting the source go",
        "writer",
        "            lease.release()\n        self._behind.pop",
        "            pass\n        self._behind.pop",
        "hand-over",
    ),
)

ORDER = (
    mutation(
        "sparing the newest frame",
        "writer",
        "enumerate(spec.slot_at) if slot != newest",
        "enumerate(spec.slot_at)",
        "every-or-count",
    ),
    mutation(
        "sparing unread frames",
        "writer",
        "for entry in slots if entry[0] <= limit",
        "for entry in slots",
        "every",
    ),
    mutation(
        "reading only up to head",
        "reader",
        "self.seq < entry[0] <= newest",
        "self.seq < entry[0]",
        "every-or-count",
    ),
    mutation(
        "the cursor only up to what is released",
        "reader",
        "min(self._out, default=self.seq + 1) - 1",
        "self.seq",
        "every with two leases, reader dies",
    ),
)

WAKING = (
    mutation("ringing the readers", "writer", "self._bells[reader]()", "pass", "latest, fresh ring"),
    mutation("ringing after a move", "writer", "            bell()", "            pass", "resize, every"),
    mutation(
        "ringing a writer that waits",
        "reader",
        "                self._ring_writer()",
        "                pass",
        "every",
    ),
    mutation(
        "a fresh number when the writer arms",
        "writer",
        "self._words[SPACE_AT] = next(self._fresh)",
        "self._words[SPACE_AT] = 1",
        "every",
    ),
    mutation(
        "a fresh number when a reader arms",
        "reader",
        "self._words[self._at + ARMED] = next(self._fresh)",
        "self._words[self._at + ARMED] = 1",
        "latest, fresh ring",
    ),
)

DEATHS = (
    mutation(
        "clearing a dead writer's claims", "writer", "words[at] = word & ~1", "pass", "latest, camera dies"
    ),
    mutation(
        "finishing a dead writer's frame",
        "ring",
        "self.words[layout.HEAD_AT] = newest",
        "pass",
        "resize, every, camera dies",
    ),
    mutation(
        "going on after a dead writer's seq",
        "writer",
        "self.spec.base, words[HEAD_AT] >> 8)",
        "self.spec.base)",
        "latest, camera dies",
    ),
    mutation(
        "going on after the segment before",
        "ring",
        "if seq > self.spec.base:",
        "if False:",
        "resize, every, camera dies",
    ),
    mutation(
        "clearing a dead reader's pins",
        "ring",
        "            self.words[pin] = 0",
        "            pass",
        "every-or-count, reader dies",
    ),
)

FIGURES = (
    without("figures: F before head", "stats", "fence()\n        seq, newest", "fence()", "figures"),
    without("figures: F before head's slot", "stats", "fence()\n        held", "fence()", "figures"),
    without(
        "figures: F before head again",
        "stats",
        "fence()\n        if words[layout.HEAD_AT] == head",
        "fence()",
        "figures of a fresh ring",
    ),
    without(
        "figures: F before the slot again",
        "stats",
        "fence()\n    if problem",
        "fence()",
        "figures of a fresh ring",
    ),
)

MUTATIONS = FENCES + LOOKS + CLAIMS + PINS + ORDER + WAKING + DEATHS + FIGURES
