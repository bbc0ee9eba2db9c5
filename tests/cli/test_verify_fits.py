"""`jwstpipe verify FILE.fits`: a wrong bit under a checksum, or a lost end, is exit 6 with the file's name."""

import numpy as np
from astropy.io import fits


def test_a_fits_file_is_verified_by_structure_and_checksums(command, tmp_path):
    path = tmp_path / "x.fits"
    image = fits.ImageHDU(np.arange(4000, dtype="f4").reshape(50, 80), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path, checksum=True)
    whole = path.read_bytes()
    code, out, _ = command("verify", path)
    assert code == 0
    assert f"{path}: structure whole" in out
    damaged = bytearray(whole)
    damaged[len(whole) - 9000] ^= 4
    for content, says in ((bytes(damaged), "DATASUM of SCI"), (whole[:-8000], "truncated")):
        path.write_bytes(content)
        code, out, error = command("verify", path)
        assert code == 6
        assert not out
        assert str(path) in error.replace("\n", "")
        assert says in " ".join(error.split())
    assert command("verify", tmp_path / "none.fits")[0] in (3, 6)
