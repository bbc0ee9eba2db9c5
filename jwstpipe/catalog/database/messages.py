"""What is said when a place of records refuses."""

__all__ = ["conflict", "file_hint"]


def conflict(address: str, what: str) -> str:
    """Say that a key is taken."""
    key = f" ({what})" if what else ""
    return f"{address}: another product already stands under this storage key{key}; delete it or choose another key"


def file_hint(message: str, *, seconds: float) -> str:
    """Say what can be done about an error of a file."""
    if "locked" in message or "busy" in message:
        return f"another process has been writing for {seconds:.0f} s; wait for it, or use a MongoDB server"
    if "readonly" in message or "unable to open" in message:
        return "not writable; choose another file or change its rights"
    if "full" in message:
        return "no space left; free some or choose another place"
    return f"{message}; choose another file or check the disk"
