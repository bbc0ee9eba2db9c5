"""Tiles of compressed images (fpack), unpacked by compiled code in threads of this process."""
