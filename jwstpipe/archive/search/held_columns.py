"""The descriptions of columns that a connection holds, for a client that would ask for them again."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import requests
from requests.adapters import BaseAdapter

__all__ = ["HeldColumns"]


class HeldColumns(BaseAdapter):
    """Answers for the descriptions of columns that are held; others are asked of the server.

    Before its first question to each service astroquery asks for the columns of that service, whatever it is used for.
    """

    def __init__(self, columns: Mapping[str, dict[str, Any]], server: BaseAdapter) -> None:
        super().__init__()
        self._columns = columns
        self._server = server

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Answer, or ask."""
        body = request.body or ""
        text = body.decode() if isinstance(body, bytes) else str(body)
        asked = parse_qs(text).get("colConfigId", [""])[0]
        if asked not in self._columns:
            return self._server.send(request, *args, **kwargs)
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url or "", request
        response.encoding = "utf-8"
        response.raw = BytesIO(json.dumps(self._columns[asked]).encode())
        return response

    def close(self) -> None:
        """Close nothing: the server's adapter is the session's."""
