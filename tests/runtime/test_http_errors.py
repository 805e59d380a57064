"""One error format, whatever went wrong."""

from __future__ import annotations

import logging

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from starlette.testclient import TestClient

from runtime.http_errors import ApiError, error_body, install_error_handlers


class Start(BaseModel):
    model_config = ConfigDict(extra="forbid")
    base_model: str
    epochs: int = 3


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install_error_handlers(app)

    @app.post("/start")
    def start(request: Start, dry: bool = False) -> dict[str, str]:
        if request.base_model == "missing":
            details = [("base_model", "not found")]
            raise ApiError(404, "model_not_found", "base_model is nowhere: looked in /models", details, headers={"X-Where": "1"})
        if request.base_model == "http":
            raise HTTPException(409, "a job runs already")
        raise RuntimeError("secret text of a user")

    return TestClient(app, raise_server_exceptions=False)


def test_an_api_error_is_answered_as_raised(client: TestClient) -> None:
    """Status, code, message, details and headers."""
    answer = client.post("/start", json={"base_model": "missing"})
    assert (answer.status_code, answer.headers["x-where"]) == (404, "1")
    assert answer.json() == error_body("model_not_found", "base_model is nowhere: looked in /models", [("base_model", "not found")])
    assert answer.json()["error"]["details"] == [{"field": "base_model", "message": "not found"}]


def test_validation_names_fields_without_values(client: TestClient) -> None:
    """Unknown, missing and wrong fields of body and query are named as the caller wrote them."""
    answer = client.post("/start?dry=perhaps", json={"epochs": "my secret", "colour": 1})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert {detail["field"] for detail in error["details"]} == {"base_model", "epochs", "colour", "dry"}
    assert "secret" not in answer.text


def test_a_body_that_is_no_json_is_400(client: TestClient) -> None:
    """Not a validation error with a position in the text."""
    answer = client.post("/start", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_json")


def test_the_frameworks_own_errors_have_the_format(client: TestClient) -> None:
    """404, 405 with its Allow header, and a handler's HTTPException with its own words."""
    assert client.get("/nothing").json()["error"]["code"] == "not_found"
    wrong = client.get("/start")
    assert (wrong.status_code, wrong.json()["error"]["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "POST")
    conflict = client.post("/start", json={"base_model": "http"})
    assert conflict.json() == error_body("conflict", "a job runs already")


def test_a_surprise_is_500_without_its_text(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    """The answer tells nothing of the inside."""
    caplog.set_level(logging.ERROR)
    answer = client.post("/start", json={"base_model": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
