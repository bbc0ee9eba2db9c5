"""Whose job it is: a tag of its run names each user who asked for it; without one it is the site's."""

from collections.abc import Iterable

__all__ = ["user_tag", "user_tags", "users_of"]

_PREFIX = "user:"


def user_tag(user: str) -> str:
    """Give the tag that makes a job that of a user."""
    return f"{_PREFIX}{user}"


def user_tags(user: str | None) -> tuple[str, ...]:
    """Give the tags of a job of a user; none for the owner of the home."""
    return () if user is None else (user_tag(user),)


def users_of(tags: Iterable[str]) -> list[str]:
    """Name the users whose job a run is.

    Examples
    --------
    >>> users_of(["nightly", "user:ada"])
    ['ada']
    """
    return sorted(tag.removeprefix(_PREFIX) for tag in tags if tag.startswith(_PREFIX) and tag != _PREFIX)
