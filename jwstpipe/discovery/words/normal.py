"""Words in normal form: one spelling for what is spelt in several ways, in queries and in records alike."""

import re
import unicodedata
from functools import lru_cache

__all__ = ["STOP_WORDS", "tokens"]

_MICRONS = re.compile(r"(?<=[\d\s])\s*(?:µm|μm|um|microns?|micrometers?|micrometres?)\b", re.IGNORECASE)
_NANOMETRES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:nm|nanomet(?:re|er)s?)\b", re.IGNORECASE)
_ANGSTROMS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:angstroms?|å)(?![a-z])", re.IGNORECASE)
_ION = re.compile(r"\b(fe|ne|ar|si|s|o|mg)[\s-]*(?:ii|2)\b(?!\.\d)")
_HII = re.compile(r"\bh[\s-]*ii\b")
_PROGRAM = re.compile(r"^jw(?:(\d{5})|0*(\d{1,4})$)")
_CATALOGUE = re.compile(
    r"\b(ngc|ic|m|messier|hcg|arp|abell|hd|hip|hh|wr|ugc|eso|barnard|caldwell)[\s-]*0*(\d{1,5})\b(?!\s*um)"
)

_SPELLINGS = {
    "centre": "center", "centres": "center", "colour": "color", "colours": "color", "coloured": "color", "disc": "disk",
    "discs": "disk", "ionised": "ionized", "grey": "gray", "catalogue": "catalog", "catalogues": "catalog",
    "programme": "program", "programmes": "program", "nebulae": "nebula", "spectra": "spectrum", "novae": "nova",
    "supernovae": "supernova", "galaxies": "galaxy", "reionisation": "reionization", "polarisation": "polarization",
    "antennae": "antenna", "metre": "meter", "jovian": "jupiter", "neighbouring": "nearby", "neighboring": "nearby",
    "sulphur": "sulfur", "wolfrayet": "wolf rayet", "exoplanetary": "exoplanet", "telescopes": "telescope",
}  # fmt: skip
_KEPT_S = frozenset({"gas", "lens", "pegasus", "mars", "uranus", "ceres", "eris", "miss", "plus", "process", "jades",
                     "phangs", "ceers", "niriss", "fgs", "cosmos", "class", "tess", "andes"})  # fmt: skip

STOP_WORDS = frozenset({
    "a", "an", "and", "any", "all", "are", "as", "at", "be", "been", "by", "can", "do", "for", "from", "give", "have",
    "has", "i", "in", "is", "it", "its", "jwst", "james", "webb", "list", "made", "me", "my", "of", "on", "or", "our",
    "show", "some", "taken", "that", "the", "their", "them", "there", "these", "this", "those", "through", "to", "us",
    "using", "via", "was", "we", "were", "what", "where", "which", "with", "you", "image", "images", "imaging",
    "observation", "observations", "observed", "data", "file", "files", "find", "get", "search", "want", "need", "look",
    "looking", "photo", "photograph", "filter", "filters", "exposure", "exposures", "about", "s", "space",
    "telescope", "frame", "shot", "around", "seen", "light", "does", "did", "during", "everything", "only", "band",
    "please", "interesting", "nice", "good", "best", "wavelength", "instrument", "target", "object",
})  # fmt: skip
"""Words that tell nothing of what is looked for."""


@lru_cache(maxsize=50_000)
def tokens(text: str) -> tuple[str, ...]:
    """Split a text to words in normal form; numbers stay, nanometres become micrometres.

    Doing it again to the words joined by blanks changes nothing.

    Examples
    --------
    >>> tokens("[Fe II] shocks at 1640 nm in Stephan's Quintet, narrow-band")
    ('fe', 'ii', 'shock', 'at', '1.64', 'um', 'in', 'stephan', 'quintet', 'narrow', 'band')
    """
    plain = unicodedata.normalize(
        "NFKD", text.replace("µ", "u").replace("μ", "u").replace("\u03b1", " alpha ")
    ).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"['\u2019`](?:s\b)?", "", plain)
    plain = _NANOMETRES.sub(lambda found: f"{float(found[1]) / 1000.0:g} um ", plain)
    plain = _ANGSTROMS.sub(lambda found: f"{float(found[1]) / 10_000.0:g} um ", plain)
    plain = _MICRONS.sub(" um ", plain)
    plain = _HII.sub(" h ii ", re.sub(r"[\[\]{}()]", " ", plain))
    plain = _ION.sub(r" \1 ii ", plain)
    plain = _CATALOGUE.sub(lambda found: f"{_short(found[1])}{found[2]}", plain)
    words: list[str] = []
    for word in re.findall(r"\d+\.\d+|[a-z0-9]+", plain):
        program = _PROGRAM.match(word)
        if program:
            words.append(f"jw{int(program[1] or program[2]):05d}")
        else:
            words += _SPELLINGS.get(word, _singular(word)).split()
    return tuple(words)


def _short(prefix: str) -> str:
    return {"messier": "m", "caldwell": "c", "barnard": "b"}.get(prefix, prefix)


def _singular(word: str) -> str:
    if len(word) < 4 or word in _KEPT_S or not word.isalpha() or word.endswith(("ss", "us", "is", "os")):
        return word
    if word.endswith("ies") and len(word) > 5:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word.removesuffix("s")
