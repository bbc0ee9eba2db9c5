"""`Target`: what is known of an object without asking anybody, and the table of all that come with jwstpipe."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from jwstpipe.discovery.targets.normal_form import normal_form
from jwstpipe.sky.regions import separation_deg

__all__ = ["Target", "featured", "known_target", "known_targets", "target_at"]


class Target(BaseModel):
    """An object of the sky, or of the solar system."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="catalogue name, by which the archive's resolvers know it")
    also: tuple[str, ...] = Field((), description="other names in use")
    kinds: tuple[str, ...] = Field(description="classes, as the thesaurus spells them")
    category: str = Field(description="nebula, galaxy, cluster, deep field, star or solar system")
    ra: float | None = Field(None, ge=0, lt=360, description="right ascension, degrees ICRS; none = it moves")
    dec: float | None = Field(None, ge=-90, le=90, description="declination, degrees ICRS; none = it moves")
    radius: float = Field(0.05, gt=0, description="degrees around it that hold its imaging")
    says: str = Field(description="one sentence")
    programs: tuple[int, ...] = Field((), description="programmes that observed it, not all of them")

    @property
    def moves(self) -> bool:
        """Whether it has one name and many positions."""
        return self.ra is None

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the catalogue's first."""
        return (self.name, *self.also)

    @property
    def title(self) -> str:
        """Its catalogue name, with the name that people use."""
        return f"{self.name} ({self.also[0]})" if self.also else self.name


@cache
def known_targets() -> tuple[Target, ...]:
    """Give all targets that come with jwstpipe."""
    return tuple(Target.model_validate(entry) for entry in _content()["targets"])


def featured() -> tuple[Target, ...]:
    """Give the targets that are shown first."""
    by_name = {target.name: target for target in known_targets()}
    return tuple(by_name[name] for name in _content()["featured"])


def known_target(name: str) -> Target | None:
    """Find a target by any of its names, in any spelling; with or without *nebula*, *galaxy* or *cluster* behind."""
    wanted = normal_form(name)
    shorter = {wanted.removesuffix(word) for word in ("nebula", "galaxy", "galaxies", "cluster", "field")}
    return next((_by_name()[form] for form in (wanted, *sorted(shorter)) if form and form in _by_name()), None)


def target_at(ra: float, dec: float) -> Target | None:
    """Find the target whose imaging holds a position; of several the nearest, by its own radius."""
    fixed = [target for target in known_targets() if not target.moves]
    apart = separation_deg(ra, dec, [t.ra for t in fixed], [t.dec for t in fixed])  # type: ignore[arg-type]
    near = sorted(
        (float(far) / target.radius, target.name, number)
        for number, (far, target) in enumerate(zip(apart.tolist(), fixed, strict=True))
        if far <= target.radius
    )
    return fixed[near[0][2]] if near else None


@cache
def _by_name() -> dict[str, Target]:
    return {normal_form(name): target for target in reversed(known_targets()) for name in target.names}


@cache
def _content() -> dict[str, list]:  # type: ignore[type-arg]
    return tomllib.loads(files("jwstpipe.discovery.targets").joinpath("targets.toml").read_text(encoding="utf-8"))
