"""Secrets that a statement carries are not in the statement log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snowdome.sql.redaction import BLOT, redacted, without_secrets


@pytest.mark.parametrize(
    "text",
    [
        "create user ann password = 'S3CR''ET' comment = 'c'",
        "ALTER USER ann SET must_change_password = true, Password=$$S3CR''ET$$",
        "alter user ann set password /* now */ = -- new\n 'S3CR''ET'",
        "alter user ann set password 'S3CR''ET'",
        "alter user ann set password = S3CR''ET",
        "alter user ann set \"PASSWORD\" = 'S3CR''ET'",
        "execute immediate 'alter user ann set password = ''S3CR'''",
        "create user ann password = 'S3CR",
        "create stage s credentials = (aws_key_id = 'k' aws_secret_key = 'S3CR' aws_token = 'ET')",
        "create secret s type = generic_string secret_string = 'S3CR'",
        "create secret s type = oauth2 oauth_refresh_token = 'S3CR'",
        "select '-----BEGIN PRIVATE KEY-----\nS3CR\n-----END PRIVATE KEY-----'",
    ],
)
def test_a_secret_is_blotted_out(text: str) -> None:
    """However it is written, the secret's value is gone, and the rest of the statement is not."""
    found = redacted(text)
    assert "S3CR" not in found
    assert "☺☺☺☺" in found
    assert found[:6] == text[:6]


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "show user programmatic access tokens for user ann",
        'alter user ann remove programmatic access token "T"',
        "create password policy p",
        "alter user ann set must_change_password = true",
        "alter user ann set password = null",
        "alter user ann set rsa_public_key = 'MIIB...'",
        "select token, password from t where token = 'data' order by password",
        "insert into t (password) values ('data')",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """A statement without a secret is kept to the letter."""
    assert redacted(text) == text


def test_an_error_that_quotes_a_secret_is_kept_without_it() -> None:
    """A syntax error names the word it stumbled over, which may be a password."""
    sql = "alter user ann set password 'hush'"
    assert without_secrets("syntax error: unexpected ''hush''.", sql) == "syntax error: unexpected '☺☺☺☺'."


def test_the_log_holds_no_password(snowdome: Any, ask: Any, refused: Any) -> None:
    """Neither a statement that ran nor one that failed leaves its password in GET /snowdome/statements."""
    admin = snowdome.connect()
    ask(admin, "create user ann password = 'hush-hush-1'", "alter user ann set password = 'hush-hush-2'")
    assert refused(admin, "alter user ann set password 'hush-hush-3'")
    kept = snowdome.statements()
    assert f"create user ann password = {BLOT}" in [entry["text"] for entry in kept]
    assert "hush-hush" not in json.dumps(kept, ensure_ascii=False)
    assert snowdome.connect(user="ann", password="hush-hush-2")
