"""Read-back verification: what was written is compared with what is there right after, and differences are reported.

It shows a writer that came in between, and an engine that changed a value. It does not show what our own write
overwrote: a change that somebody else made between the read and the write of a whole object.
"""

from __future__ import annotations

from collections.abc import Container

from gateway.errors import ConcurrentUpdate, Fault, Unsupported
from gateway.model.commands import PatchVariables


def check_written(engine: str, command: PatchVariables, held: Container[str]) -> None:
    """Raise an error that names what is not as it was written.

    Args:
        engine: its name.
        command: what was carried out.
        held: the names that read as they were written, deleted ones included.

    Raises:
        ConcurrentUpdate: some are not; ``applied`` has those that are, ``errors`` the others.
    """
    set_ = {name: command.pointer(name) for name in command.written if name not in command.deletions}
    all_ = set_ | {name: command.deletion_pointer(index) for index, name in enumerate(command.deletions)}
    applied = tuple(name for name in all_ if name in held)
    lost = tuple(Fault(pointer, "not as it was written") for name, pointer in all_.items() if name not in held)
    if lost:
        raise ConcurrentUpdate(
            "The write was accepted, and the read after it shows something else.",
            errors=lost,
            engine=engine,
            outcome="partial" if applied else "unknown",
            applied=applied,
        )


def refuse_transient(engine: str, command: PatchVariables) -> None:
    """Refuse transient values where something is to be compared: no read shows them.

    Raises:
        Unsupported: with the pointers.
    """
    if command.expect is None and not command.verify:
        return
    reason = "a transient value goes neither with a condition nor with verification"
    faults = tuple(
        Fault(command.pointer(name), reason) for name, each in command.modifications.items() if each.transient
    )
    if faults:
        raise Unsupported(f"No: {reason}.", errors=faults, engine=engine)
