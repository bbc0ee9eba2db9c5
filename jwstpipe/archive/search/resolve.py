"""From the name of an object to its position, whatever way it is spelled."""

from jwstpipe.archive.search.name_service import NAME_LOOKUP, ResolvedName, name_variants, resolved_in, unknown_name
from jwstpipe.archive.search.portal import Portal, known_answer, name_question
from jwstpipe.archive.search.response_cache import Answers

__all__ = ["ResolvedName", "kept_name", "name_variants", "resolve_name"]


def resolve_name(portal: Portal, name: str) -> ResolvedName:
    """Ask MAST's name service for each spelling until one is known.

    Raises
    ------
    TargetNotFoundError
        None is known; the message names all that were tried.
    ArchiveError
        The service does not answer.
    """
    variants = name_variants(name)
    for variant in variants:
        resolved = resolved_in(known_answer(portal, NAME_LOOKUP, {"input": variant, "format": "json"}), variant)
        if resolved is not None:
            return resolved
    raise unknown_name(name, variants)


def kept_name(answers: Answers, server: str, name: str) -> tuple[ResolvedName, float] | None:
    """Look a name up among the answers that are kept, of any age; nothing is asked.

    Returns
    -------
    tuple, or None
        The object, and when the archive answered, seconds since 1970; None where no spelling was ever resolved here.
    """
    for variant in name_variants(name):
        held = answers.kept(name_question(server, {"input": variant, "format": "json"}))
        resolved = None if held is None else resolved_in(held.content, variant)
        if held is not None and resolved is not None:
            return resolved, held.asked_at
    return None
