"""Secrets are taken out of whatever is shown: one function for messages, settings, logs and pages."""

import re

__all__ = ["redacted"]

_PASSWORD = re.compile(r"(://[^:@/\s]*):[^\s\"']*@")
_TOKEN_AS_USER = re.compile(r"://[^:@/\s\"']{20,}@")
_NAMED = re.compile(
    r"([?&;\s\"'](?:x-amz-)?(?:password|passwd|pwd|secret|secret_?key|api_?key|access_?key(?:_?id)?|aws\w*key\w*|"
    r"(?:[\w-]*_)?token|[\w-]*-token|signature|x-amz-credential|credential|sig|auth_string)=)[^&;\s\"']+",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """Take passwords, tokens and signatures out of the addresses in a text.

    Parameters
    ----------
    text
        Anything that is to be shown: an address, a sentence, a traceback.

    Examples
    --------
    >>> redacted("mongodb://me:secret@host/jwst?tls=true")
    'mongodb://me:***@host/jwst?tls=true'
    >>> redacted("https://host/file?X-Amz-Signature=abc&part=1")
    'https://host/file?X-Amz-Signature=***&part=1'
    """
    if "://" not in text and "=" not in text:
        return text
    return _NAMED.sub(r"\1***", _TOKEN_AS_USER.sub("://***@", _PASSWORD.sub(r"\1:***@", text)))
