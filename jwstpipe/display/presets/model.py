"""`Preset`: a look, as its file says it."""

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from jwstpipe.display.tone.curves import Points, parse_curve
from jwstpipe.requests import Combination, LookOptions, Stretch

__all__ = ["ChannelTone", "OverallTone", "Preset", "Sharpening"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChannelTone(_Part):
    """How channels are stretched."""

    stretch: Stretch = Field("asinh", description="curve from flux to brightness")
    a: float | None = Field(None, gt=0, description="asinh: softening; log: contrast; power: root")
    black: float = Field(0.0, ge=0, lt=1, description="fraction of the covered pixels that becomes black")
    white: float = Field(1.0, gt=0, le=1, description="fraction of the covered pixels that stays below white")
    gamma: float = Field(1.0, gt=0, le=5, description="brightness is raised to 1/gamma")
    curve: str = Field("linear", description="tone curve by name, or points as 0:0,0.3:0.2,1:1")

    @field_validator("curve")
    @classmethod
    def _known(cls, value: str) -> str:
        parse_curve(value)
        return value

    @property
    def tone_curve(self) -> str | Points:
        """The curve as rendering takes it."""
        return parse_curve(self.curve)


class OverallTone(_Part):
    """Levels of the finished picture."""

    black: float = Field(0.0, ge=0, lt=1, description="fraction of the covered pixels that becomes black")
    white: float = Field(1.0, gt=0, le=1, description="fraction of the covered pixels that stays below white")
    gamma: float = Field(1.0, gt=0, le=5, description="screen values are raised to 1/gamma")


class Sharpening(_Part):
    """Unsharp mask on the luminance (Rec. 709)."""

    radius: float = Field(1.5, ge=0.5, le=10, description="sigma of the blur, pixels of the picture")
    amount: float = Field(0.0, ge=0, le=3, description="share of the difference that is added; 0 = none")
    threshold: float = Field(0.01, ge=0, le=1, description="differences below this are left alone")


class Preset(_Part):
    """A look."""

    title: str = Field(description="name for people")
    description: str = Field("", description="what it is for")
    method: Literal["balanced", "auto", "fixed"] = Field(
        "fixed",
        description="balanced: one curve for all, from the noise and the sky; auto: each channel by its own"
        " statistics; fixed: the values of this file",
    )
    channel: ChannelTone = Field(ChannelTone(), description="all channels")
    miri: ChannelTone | None = Field(None, description="channels of MIRI, where they differ")
    middle: float = Field(
        1.0, gt=0, le=1, description="brightness of the median pixel at most: gamma goes down until it holds"
    )
    overall: OverallTone = OverallTone()
    sharpen: Sharpening = Sharpening()
    saturation: float = Field(1.0, ge=0, le=2)
    vibrancy: float = Field(0.0, ge=0, le=1, description="lifts weak colours; greys stay grey")
    hue: float = Field(0.0, ge=-30, le=30, description="shift of all hues, degrees")
    denoise: float = Field(0.0, ge=0, le=10, description="wavelet noise reduction, threshold in sigma; 0 = none")
    neutralise: bool = Field(True, description="bring the sky of all channels to one brightness")
    mixing: Combination = Field(
        "sum",
        validation_alias=AliasChoices("mixing", "combine"),
        description="sum: weighted sum of lights; lupton: hue stays at any brightness",
    )
    colours: dict[str, str] = Field(
        {}, description="colour, or colour*weight, by filter; other filters take theirs by wavelength"
    )
    options: LookOptions = Field(
        LookOptions(),
        validation_alias=AliasChoices("options", "wishes"),
        description="what goes before all this, as on the command line",
    )
