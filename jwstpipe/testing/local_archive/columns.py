"""Columns of the MAST services: names, order and types, as the portal sends them."""

from typing import Any

__all__ = ["OBSERVATION_TYPES", "PRODUCT_TYPES", "Cell", "Row", "column_config"]

Cell = str | int | float | bool | None
Row = dict[str, Cell]
"""One row of an answer, a value for each column."""

OBSERVATION_TYPES = {
    "intentType": "string",
    "obs_collection": "string",
    "provenance_name": "string",
    "instrument_name": "string",
    "project": "string",
    "filters": "string",
    "wave_region": "string",
    "wavelength_region": "string",
    "target_name": "string",
    "target_classification": "string",
    "obs_id": "string",
    "s_ra": "float",
    "s_dec": "float",
    "dataproduct_type": "string",
    "proposal_pi": "string",
    "calib_level": "int",
    "t_min": "float",
    "t_max": "float",
    "t_exptime": "float",
    "em_min": "float",
    "em_max": "float",
    "obs_title": "string",
    "t_obs_release": "float",
    "proposal_id": "string",
    "proposal_type": "string",
    "sequence_number": "int",
    "s_region": "string",
    "jpegURL": "string",
    "dataURL": "string",
    "dataRights": "string",
    "mtFlag": "boolean",
    "srcDen": "float",
    "obsid": "string",
    "objID": "string",
}
"""Type of each column of an observation; the numeric keys are declared as strings, as the portal does."""

PRODUCT_TYPES = {
    "obsID": "string",
    "obs_collection": "string",
    "dataproduct_type": "string",
    "obs_id": "string",
    "description": "string",
    "type": "string",
    "dataURI": "string",
    "productType": "string",
    "productGroupDescription": "string",
    "productSubGroupDescription": "string",
    "productDocumentationURL": "string",
    "project": "string",
    "prvversion": "string",
    "proposal_id": "string",
    "productFilename": "string",
    "size": "int",
    "parent_obsid": "string",
    "dataRights": "string",
    "calib_level": "int",
    "filters": "string",
    "s_ra": "float",
    "s_dec": "float",
}
"""Type of each column of a product."""

_VOTABLE = {"string": "char", "float": "double", "int": "int", "boolean": "boolean"}
_UNITS = {
    "s_ra": "deg", "s_dec": "deg", "t_min": "d", "t_max": "d", "t_obs_release": "d", "t_exptime": "s",
    "em_min": "nm", "em_max": "nm", "distance": "arcsec",
}  # fmt: skip
_SEPARATED = ("filters", "obs_collection", "project", "wavelength_region", "target_classification")
_KEYS = ("obsid", "objID", "obsID", "parent_obsid")


def column_config(config_id: str) -> dict[str, Any]:
    """Describe the columns of a service, as its column configuration does.

    Parameters
    ----------
    config_id
        ``Mast.Caom.Cone`` or another observation service, or ``Mast.Caom.Products``.

    Returns
    -------
    dict
        Properties by column; empty for a service that has none, which clients take as "nothing to know".
    """
    if config_id in ("Mast.Caom.Cone", "Mast.Caom.Filtered", "Mast.Caom.Filtered.Position"):
        types = {**OBSERVATION_TYPES, "distance": "float"}
    elif config_id == "Mast.Caom.Products":
        types = dict(PRODUCT_TYPES)
    else:
        return {}
    return {name: _properties(name, kind) for name, kind in types.items()}


def _properties(name: str, kind: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "text": name,
        "vot.name": name,
        "vot.datatype": "long" if name in _KEYS else _VOTABLE[kind],
    }
    if name in _UNITS:
        properties["vot.unit"] = _UNITS[name]
    if name in _SEPARATED:
        properties["separator"] = ";"
    return properties
