"""The artifact store as a bucket of an S3 server, through the `minio` client."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from producers.artifact_store.artifacts import ArtifactError, ArtifactMissing, checked_key


class S3Store:
    """Keys are object names of one bucket, which is made when it is not there; S3 shows an object whole or not at all."""

    def __init__(self, client: Any, bucket: str) -> None:
        """`client` is a `minio.Minio`, or anything with the eight methods of it that are called here."""
        self.bucket = bucket
        self._client = client
        self._bucket_known = False

    def exists(self, key: str) -> bool:
        """Whether an object is under the key."""
        try:
            self._client.stat_object(self.bucket, checked_key(key))
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchBucket", "NoSuchObject", "NotFound"):
                return False
            raise ArtifactError(f"{key}: S3 answered {error.code} ({error.message})") from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error
        return True

    def read_bytes(self, key: str) -> bytes:
        """The object's bytes; raises ArtifactMissing."""
        try:
            response = self._client.get_object(self.bucket, checked_key(key))
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()
        except S3Error as error:
            raise self._missing_or(key, error) from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def write_bytes(self, key: str, data: bytes) -> None:
        """Puts the bytes under the key."""
        self._make_bucket()
        try:
            self._client.put_object(self.bucket, checked_key(key), io.BytesIO(data), len(data))
        except S3Error as error:
            raise ArtifactError(f"{key}: S3 answered {error.code} ({error.message})") from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def read_file(self, key: str, path: Path) -> None:
        """Fetches the object to `path`; the client writes beside it and renames."""
        try:
            self._client.fget_object(self.bucket, checked_key(key), str(path))
        except S3Error as error:
            raise self._missing_or(key, error) from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def write_file(self, key: str, path: Path) -> None:
        """Uploads `path`, in parts where it is large."""
        self._make_bucket()
        try:
            self._client.fput_object(self.bucket, checked_key(key), str(path))
        except S3Error as error:
            raise ArtifactError(f"{key}: S3 answered {error.code} ({error.message})") from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def list(self, prefix: str = "") -> tuple[str, ...]:
        """The keys of all objects below a folder key, sorted."""
        folder = f"{checked_key(prefix)}/" if prefix else ""
        try:
            return tuple(sorted(item.object_name for item in self._client.list_objects(self.bucket, prefix=folder, recursive=True)))
        except S3Error as error:
            if error.code == "NoSuchBucket":
                return ()
            raise ArtifactError(f"{prefix}: S3 answered {error.code} ({error.message})") from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def local_path(self, key: str) -> None:
        """None: objects have to be fetched."""
        checked_key(key)

    def check(self) -> None:
        """Raises ArtifactError where the server can't be reached or refuses our keys."""
        try:
            self._client.bucket_exists(self.bucket)
        except S3Error as error:
            raise ArtifactError(f"bucket {self.bucket}: S3 answered {error.code} ({error.message})") from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error

    def _make_bucket(self) -> None:
        if self._bucket_known:
            return
        try:
            if not self._client.bucket_exists(self.bucket):
                self._client.make_bucket(self.bucket)
        except S3Error as error:
            raise ArtifactError(f"bucket {self.bucket} can't be made: S3 answered {error.code} ({error.message})") from error
        except (MinioException, HTTPError, OSError) as error:
            raise self._unreachable(error) from error
        self._bucket_known = True

    def _missing_or(self, key: str, error: S3Error) -> ArtifactError:
        if error.code in ("NoSuchKey", "NoSuchBucket", "NoSuchObject", "NotFound"):
            return ArtifactMissing(f"s3://{self.bucket}/{key} is not in the artifact store: looked for it on the S3 server")
        return ArtifactError(f"{key}: S3 answered {error.code} ({error.message})")

    def _unreachable(self, error: Exception) -> ArtifactError:
        return ArtifactError(
            f"the S3 server of bucket {self.bucket} can't be reached ({type(error).__name__}): check MINIO_ENDPOINT and MINIO_SECURE"
        )
