"""Which artifact store the settings mean."""

from __future__ import annotations

from producers.artifact_store.artifacts import ArtifactStore
from producers.artifact_store.local_store import LocalStore
from producers.settings import StoreSettings


def open_store(settings: StoreSettings) -> ArtifactStore:
    """S3 where `MINIO_ENDPOINT` is set, else the local folder; opens no connection yet.

    Raises ValueError that names the variable for a setting that can't be used.
    """
    if settings.minio_endpoint is None:
        return LocalStore(settings.artifacts_root(), settings.minio_bucket)
    if settings.minio_access_key is None or settings.minio_secret_key is None:
        raise ValueError("MINIO_ENDPOINT is set: expected MINIO_ACCESS_KEY and MINIO_SECRET_KEY too")
    if settings.minio_ca_file is not None and not settings.minio_ca_file.is_file():
        raise ValueError(f"MINIO_CA_FILE {settings.minio_ca_file} does not exist: expected a file of PEM certificates")
    if "://" in settings.minio_endpoint:
        raise ValueError(f"MINIO_ENDPOINT {settings.minio_endpoint!r}: expected host:port without a scheme; MINIO_SECURE=true means https")
    # Here, because a service that uses the local store need not wait for them at its start.
    import urllib3
    from minio import Minio

    from producers.artifact_store.s3_store import S3Store

    # The client's own pool retries for minutes; a health check and a refusal at the API must come within seconds.
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=5, read=120),
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(settings.minio_ca_file) if settings.minio_ca_file else None,
    )
    client = Minio(
        settings.minio_endpoint,
        access_key=settings.minio_access_key,
        secret_key=settings.minio_secret_key.get_secret_value(),
        secure=settings.minio_secure,
        http_client=pool,
    )
    return S3Store(client, settings.minio_bucket)
