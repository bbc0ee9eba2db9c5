"""The sRGB colour profile."""

import struct

from PIL import ImageCms

__all__ = ["srgb_profile"]


def srgb_profile() -> bytes:
    """Make an sRGB profile with a fixed date: the library stamps it with the time of the run (bytes 24 to 36)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)
