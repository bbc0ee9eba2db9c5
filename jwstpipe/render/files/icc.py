"""The sRGB colour profile."""

import struct

__all__ = ["srgb_profile"]


def srgb_profile() -> bytes:
    """Make an sRGB profile with a fixed date: the library stamps it with the time of the run (bytes 24 to 36)."""
    from PIL import ImageCms  # noqa: PLC0415 - slow to load, and only some forms need it

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)
