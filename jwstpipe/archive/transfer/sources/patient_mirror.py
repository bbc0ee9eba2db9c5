"""The S3 mirror's answers have a deadline as a whole, as those of all other servers of the archive."""

from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool

from jwstpipe.archive.patient_reading import PatientResponse

__all__ = ["make_patient"]


class _PatientAwsHttp(AWSHTTPConnection):  # type: ignore[misc]
    response_class = PatientResponse


class _PatientAwsHttps(AWSHTTPSConnection):  # type: ignore[misc]
    response_class = PatientResponse


class _AwsHttpPool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _PatientAwsHttp


class _AwsHttpsPool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _PatientAwsHttps


def make_patient(client: Any) -> Any:
    """Give the answers to a boto3 client a deadline too; the client is given back.

    botocore has no public way to choose its connections: a version that keeps them elsewhere fails here, aloud.
    """
    session, pools = client._endpoint.http_session, {"http": _AwsHttpPool, "https": _AwsHttpsPool}  # noqa: SLF001
    assert set(session._pool_classes_by_scheme) == set(pools)  # noqa: SLF001
    session._pool_classes_by_scheme = pools  # noqa: SLF001 - for proxies
    session._manager.pool_classes_by_scheme = pools  # noqa: SLF001
    return client
