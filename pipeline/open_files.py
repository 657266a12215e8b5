"""How many files the launcher has open at once: each ring, each of its readers and each worker needs some."""

import sys

from pipeline.graph import GraphError, Plan

OWN, SPARE = 8, 32  # its streams, its desk; for workers that start, for onlookers
OF_SEGMENT, OF_READER, OF_WORKER = 2, 4, 3

if sys.platform == "win32":

    def need_open_files(plan: Plan) -> None:
        """There is no limit that we could meet."""

else:
    import resource

    def need_open_files(plan: Plan) -> None:
        """Takes what is missing where the user may have it. Raises GraphError."""
        needed = _needed(plan)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise GraphError(
                f"the launcher needs {needed} open files for this and may have {hard}: allow more, like "
                "`ulimit -n 1024` in the shell that starts it (LimitNOFILE for a service)"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _needed(plan: Plan) -> int:
    rows = sum(len(ring.rows) for ring in plan.rings)
    segments = len(plan.rings) + 1  # the board
    return OWN + OF_SEGMENT * segments + OF_READER * rows + OF_WORKER * len(plan.workers) + SPARE
