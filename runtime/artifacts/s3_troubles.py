"""What went wrong between us and an S3 server, named by the setting that mends it."""

from __future__ import annotations

import errno
import re
import ssl
from typing import Any, Final, Literal
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from runtime.artifacts.store import ArtifactError, ArtifactMissing

# What any call of the client may raise.
TROUBLES: Final = (MinioException, HTTPError, OSError, ParseError, ValueError)
MISSING: Final = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject", "NotFound"})

# The rights that a key needs, by what was asked for.
Right = Literal["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:CreateBucket"]

_BUSY: Final = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "XMinioServerNotInitialized", "OperationAborted"}
)
_ANOTHER_REGION: Final = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "InvalidRegion"}
)
_BY_CODE: Final = {
    "InvalidAccessKeyId": "MINIO_ACCESS_KEY is not known to the S3 server: expected a key that was made there",
    "SignatureDoesNotMatch": "MINIO_SECRET_KEY does not belong to MINIO_ACCESS_KEY: the S3 server refused the signature",
    "RequestTimeTooSkewed": "this machine's clock differs too much from the S3 server's: set both by NTP, the settings are not at fault",
    "InvalidBucketName": "MINIO_BUCKET is no name of a bucket for this S3 server",
    "ExpiredToken": "MINIO_ACCESS_KEY has expired: make another key",
    "InvalidToken": "MINIO_ACCESS_KEY needs a session token, which is not supported: expected a lasting key",
    "AccountProblem": "the account of MINIO_ACCESS_KEY is locked: ask the S3 server's operator",
}

_EXPECTING: Final = re.compile(r"expecting [\"']([\w-]+)[\"']")


class StoreUnavailable(ArtifactError):
    """The store can't be reached or is too busy now; the same request may succeed later."""


class NotS3(HTTPError):
    """A web page came where an S3 server answers."""


def artifact_error(error: Exception, *, what: str, bucket: str, right: Right) -> ArtifactError:
    """The error for an operator: `what` was asked for (a key, or the bucket), which needs `right`."""
    if isinstance(error, S3Error):
        return _of_code(error, what, bucket, right)
    if isinstance(error, OSError) and (error.filename is not None or error.errno == errno.ENOSPC):
        return ArtifactError(f"{what}: the file on this machine can't be read or written ({error.strerror})")
    if isinstance(error, MaxRetryError) and error.reason is not None:
        return _of_connection(error.reason, bucket)
    if isinstance(error, (InvalidResponseError, ServerError)):
        return _of_answer(str(error), bucket)
    return _of_connection(error, bucket)


def _of_code(error: S3Error, what: str, bucket: str, right: Right) -> ArtifactError:
    code = str(error.code)
    if code in MISSING:
        return ArtifactMissing(f"s3://{bucket}/{what} is not in the artifact store: looked for it on the S3 server")
    if code in _BY_CODE:
        return ArtifactError(f"{_BY_CODE[code]} (S3 answered {code})")
    if code == "AccessDenied":
        return ArtifactError(f"{what}: MINIO_ACCESS_KEY lacks the right {right} on bucket {bucket} (S3 answered AccessDenied): grant it")
    if code in _ANOTHER_REGION:
        return ArtifactError(f"MINIO_REGION is not the region of bucket {bucket}: expected {_region(error)} (S3 answered {code})")
    if code in _BUSY:
        return StoreUnavailable(f"{what}: the S3 server is too busy (S3 answered {code}): the settings are not at fault, try again later")
    return ArtifactError(f"{what}: S3 answered {code} ({error.message})")


def _region(error: S3Error) -> str:
    headers: Any = getattr(error.response, "headers", None) or {}
    named = headers.get("x-amz-bucket-region")
    if named:
        return f"{named!r}"
    found = _EXPECTING.search(str(error.message or ""))
    return f"{found[1]!r}" if found else "the one that the bucket was made in"


def _of_answer(said: str, bucket: str) -> ArtifactError:
    lowered = said.lower()
    if "https server" in lowered or "plain http request" in lowered:
        return ArtifactError("MINIO_SECURE is false, but MINIO_ENDPOINT speaks HTTPS: expected MINIO_SECURE=true")
    if any(f"http code: {status}" in lowered or f"status code {status}" in lowered for status in (500, 502, 503, 504)):
        return StoreUnavailable(f"bucket {bucket}: MINIO_ENDPOINT, or a proxy before it, answers that it is not ready: try again later")
    return ArtifactError(
        "MINIO_ENDPOINT answers, but not as an S3 server does: expected the host:port of the S3 API, not of a console or a proxy's page"
    )


def _of_connection(error: BaseException, bucket: str) -> ArtifactError:
    if isinstance(error, NotS3):
        return ArtifactError(f"MINIO_ENDPOINT answers with a web page ({error}): expected the host:port of the S3 API, not of its console")
    if isinstance(error, (ParseError, ValueError)) and not isinstance(error, OSError):
        return _of_answer("", bucket)
    if isinstance(error, (SSLError, ssl.SSLError)):
        return _of_tls(str(error))
    if isinstance(error, NameResolutionError):
        return StoreUnavailable("the host of MINIO_ENDPOINT has no address here: expected a name that this machine can resolve")
    if isinstance(error, NewConnectionError):
        return StoreUnavailable("nothing listens at MINIO_ENDPOINT: start the S3 server, or check host and port")
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError)):
        return StoreUnavailable(f"MINIO_ENDPOINT does not answer in time ({type(error).__name__}): check it, and what lies between")
    return StoreUnavailable(
        f"the S3 server of bucket {bucket} can't be reached ({type(error).__name__}): check MINIO_ENDPOINT and MINIO_SECURE"
    )


def _of_tls(said: str) -> ArtifactError:
    lowered = said.lower()
    if "wrong_version_number" in lowered or "wrong version number" in lowered or "record layer" in lowered:
        return ArtifactError("MINIO_SECURE is true, but MINIO_ENDPOINT speaks plain HTTP: expected MINIO_SECURE=false")
    if "hostname mismatch" in lowered or "ip address mismatch" in lowered or "doesn't match" in lowered:
        return ArtifactError("the certificate at MINIO_ENDPOINT is for another name: expected the name that it was made for as the host")
    if "expired" in lowered or "not yet valid" in lowered:
        return ArtifactError("the certificate at MINIO_ENDPOINT is not valid now: renew it, or set this machine's clock")
    if "self-signed" in lowered or "self signed" in lowered or "unable to get" in lowered:
        return ArtifactError(
            "the certificate at MINIO_ENDPOINT is signed by nobody whom this machine trusts (self-signed, or an authority of your own): "
            "expected its authority's PEM file in MINIO_CA_FILE"
        )
    return ArtifactError(f"TLS with MINIO_ENDPOINT failed ({said[:120]}): check MINIO_SECURE and MINIO_CA_FILE")
