"""A client of the S3 server that the settings name; what can be seen of a wrong setting without a connection is refused here."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import urllib3
from minio import Minio

from runtime.artifacts.s3_troubles import NotS3

if TYPE_CHECKING:
    from runtime.settings import StoreSettings

# More at once than that, and urllib3 warns of each that it throws away: 32 threads of asyncio's, and the client's three for each upload.
_KEPT_CONNECTIONS: Final = 128
_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>\d{1,5}))?")


class _Pool(urllib3.PoolManager):
    """Connections that raise NotS3 for a web page: a console or a proxy answers 200 to anything, which would read as an empty bucket."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> Any:  # type: ignore[override]
        response = super().urlopen(method, url, redirect=redirect, **kw)
        kind = str(response.headers.get("content-type", "")).lower()
        # An object may be a page too; then the headers are an S3 server's.
        if kind.startswith("text/html") and not any(name.lower().startswith("x-amz-") for name in response.headers):
            status = response.status
            response.drain_conn()
            raise NotS3(f"text/html, status {status}")
        return response


def s3_client(settings: StoreSettings, *, region: str | None, quick: bool = False) -> Minio:
    """A client, `quick` to give up; raises ValueError that names the variable for a setting that can't be used."""
    endpoint = _endpoint(settings.minio_endpoint or "")
    ca_file = settings.minio_ca_file
    if ca_file is not None:
        _check_ca_file(ca_file)
    assert settings.minio_secret_key is not None
    # The client's own pool retries for minutes; a health check and a refusal at the API must come within seconds.
    pool = _Pool(
        maxsize=_KEPT_CONNECTIONS,
        timeout=urllib3.Timeout(connect=2 if quick else 5, read=3 if quick else 120),
        # The last answer is returned, so that what the server says reaches the operator.
        retries=urllib3.Retry(total=1 if quick else 3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], raise_on_status=False),
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(ca_file) if ca_file else None,
    )
    return Minio(
        endpoint,
        access_key=settings.minio_access_key,
        secret_key=settings.minio_secret_key.get_secret_value(),
        secure=settings.minio_secure,
        region=region,
        http_client=pool,
    )


def _endpoint(endpoint: str) -> str:
    expected = "expected host:port"
    if "://" in endpoint:
        raise ValueError(f"MINIO_ENDPOINT {endpoint!r}: {expected} without a scheme; MINIO_SECURE=true means https")
    if "@" in endpoint:
        raise ValueError(f"MINIO_ENDPOINT: {expected} without a user; MINIO_ACCESS_KEY and MINIO_SECRET_KEY are the key")
    if "/" in endpoint or "?" in endpoint or "#" in endpoint:
        raise ValueError(f"MINIO_ENDPOINT {endpoint!r}: {expected} without a slash or a path; the bucket is MINIO_BUCKET")
    found = _HOST.fullmatch(endpoint)
    if found is None or not 0 < int(found["port"] or 1) < 65_536:
        raise ValueError(f"MINIO_ENDPOINT {endpoint!r}: {expected}, such as s3.example.org:9000")
    return endpoint


def _check_ca_file(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f"MINIO_CA_FILE {path} does not exist: expected a file of PEM certificates")
    try:
        held = ssl.create_default_context(cafile=str(path)).cert_store_stats()["x509"]
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ValueError(
            f"MINIO_CA_FILE {path} can't be used ({type(error).__name__}): expected a readable file of PEM certificates"
        ) from None
    if not held:
        raise ValueError(f"MINIO_CA_FILE {path} holds no certificate: expected a file of PEM certificates")
