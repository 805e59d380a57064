"""Checks the files that a request names before it is taken. Blocking: it is called in the threads of requests (`request_threads`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gpu_runner.dataset.fields import DataError
from gpu_runner.jobs.data_files import DataFileMissing, find_data_file
from gpu_runner.jobs.first_rows import FileStart
from gpu_runner.supervisor import Supervisor
from runtime.artifacts.store import ArtifactError, ArtifactMissing
from runtime.http_errors import ApiError, Details

_LATER: Final = {"Retry-After": "5"}


class FileChecks:
    """Looks at the files that the fields of a request name and gathers what is wrong with them. Blocking."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.missing: list[tuple[str, str]] = []
        self.unusable: list[tuple[str, str]] = []

    def look(self, field: str, name: str, check: Callable[[FileStart], object]) -> None:
        """Finds the file and reads its first rows; raises ApiError for a name that is not allowed and a store that can't be read."""
        store = self._supervisor.store
        try:
            found = find_data_file(name, store=store, data_dir=self._supervisor.settings.data_dir)
        except DataFileMissing as error:
            self.missing.append((field, str(error)))
            return
        except ArtifactError as error:
            raise ApiError(422, "invalid_request", f"{field}: {error}", [(field, str(error))]) from error
        try:
            check(found.start(store))
        except ArtifactMissing as error:
            self.missing.append((field, str(error)))
        except DataError as error:
            self.unusable.append((field, str(error)))
        except (ArtifactError, OSError) as error:
            raise ApiError(503, "store_unavailable", f"{field}: {name} can't be read now: {error}", headers=_LATER) from error

    def refuse(self) -> None:
        """Raises ApiError 404 for files that are not there, 422 for files that can't be used; every field is named."""
        for status, code, found in ((404, "dataset_not_found", self.missing), (422, "dataset_unusable", self.unusable)):
            if found:
                details: Details = [*self.missing, *self.unusable]
                raise ApiError(status, code, "; ".join(f"{field}: {message}" for field, message in details), details)
