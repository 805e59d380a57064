"""Which artifact store the settings mean."""

from __future__ import annotations

import structlog

from runtime.artifacts.local import LocalStore
from runtime.artifacts.store import ArtifactError, ArtifactStore
from runtime.settings import StoreSettings

log = structlog.get_logger(__name__)

# What S3 servers other than Amazon's call their region.
_USUAL_REGION = "us-east-1"


def open_store(settings: StoreSettings) -> ArtifactStore:
    """S3 where `MINIO_ENDPOINT` is set, else the local folder; opens no connection yet.

    Raises ValueError that names the variable for a setting that can't be used.
    """
    if settings.minio_endpoint is None:
        return LocalStore(settings.artifacts_root(), settings.minio_bucket)
    if settings.minio_access_key is None or settings.minio_secret_key is None:
        raise ValueError("MINIO_ENDPOINT is set: expected MINIO_ACCESS_KEY and MINIO_SECRET_KEY too")
    # Here, because a service that uses the local store need not wait for them at its start.
    from runtime.artifacts.s3 import S3Store
    from runtime.artifacts.s3_connection import s3_client

    def clients(region: str | None) -> tuple[object, object]:
        return s3_client(settings, region=region), s3_client(settings, region=region, quick=True)

    client, quick = clients(settings.minio_region)
    unasked = None if settings.minio_region else lambda: clients(_USUAL_REGION)
    return S3Store(client, settings.minio_bucket, quick=quick, with_region=unasked)


def open_checked_store(settings: StoreSettings) -> ArtifactStore:
    """`open_store` at a service's start, with one look at the S3 server, which takes seconds at most.

    Raises ValueError for what only another setting, right or clock mends. A server that is away or busy is logged: it may
    come later.
    """
    store = open_store(settings)
    if settings.minio_endpoint is not None:
        from runtime.artifacts.s3_troubles import StoreUnavailable

        try:
            store.check()
        except StoreUnavailable as error:
            log.warning("artifact store is away", error=str(error))
        except ArtifactError as error:
            raise ValueError(f"artifact store: {error}") from None
    return store
