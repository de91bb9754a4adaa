"""A network policy decides from where a user may come in, at the log-in and at each statement."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

ELSEWHERE = "127.0.0.7"


@pytest.fixture
def admin(snowdome_module: Any, ask: Any) -> Iterator[Any]:
    """The administrator's session on an account with a user ANN and rules HERE and THERE."""
    connection = snowdome_module.connect()
    ask(
        connection,
        "create or replace database gates",
        "create or replace user ann password = 'pw'",
        "create network rule here type = ipv4 value_list = ('127.0.0.1')",
        f"create network rule there type = ipv4 value_list = ('{ELSEWHERE}')",
        "create network rule away type = ipv4 value_list = ('10.0.0.0/8')",
    )
    yield connection
    ask(connection, "use role accountadmin", "alter account unset network_policy", "drop user if exists ann")
    for row in ask(connection, "show network policies"):
        ask(connection, f'drop network policy "{row["name"]}"')


def login_from(port: int, address: str) -> dict[str, Any]:
    """The answer to a log-in of ANN whose connection comes from that address of the loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, source_address=(address, 0), timeout=30)
    body = json.dumps({"data": {"LOGIN_NAME": "ANN", "PASSWORD": "pw"}})
    connection.request("POST", "/session/v1/login-request", body, {"Content-Type": "application/json"})
    with connection.getresponse() as answer:
        found: dict[str, Any] = json.load(answer)
    connection.close()
    return found


def test_a_users_policy_refuses_a_log_in_from_an_address_it_does_not_list(
    snowdome_module: Any, admin: Any, ask: Any
) -> None:
    """The client is answered 390422 with its address, with the right password too; other users come in."""
    ask(
        admin, "create network policy far allowed_network_rule_list = (away)", "alter user ann set network_policy = far"
    )
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1 is not allowed to access Snowflake") as refused:
        snowdome_module.connect(user="ann", password="pw")
    assert refused.value.errno == 390422 or "390422" in str(refused.value)
    assert snowdome_module.connect()
    ask(admin, "alter user ann unset network_policy")
    assert snowdome_module.connect(user="ann", password="pw")


def test_the_accounts_policy_counts_for_all_and_a_users_own_overrides_it(
    snowdome_module: Any, admin: Any, ask: Any
) -> None:
    """From elsewhere nobody comes in under the account's policy, except who has another policy of its own."""
    port = snowdome_module.port
    assert login_from(port, ELSEWHERE)["success"]
    ask(
        admin,
        "create network policy near allowed_network_rule_list = (here)",
        "alter account set network_policy = near",
    )
    refused = login_from(port, ELSEWHERE)
    assert (refused["success"], refused["code"]) == (False, "390422")
    assert ELSEWHERE in refused["message"]
    assert login_from(port, "127.0.0.1")["success"]
    ask(
        admin,
        "create network policy wide allowed_network_rule_list = (here, there)",
        "alter user ann set network_policy = wide",
    )
    assert login_from(port, ELSEWHERE)["success"]


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ("allowed_ip_list = ('127.0.0.0/8')", (True, True)),
        (f"allowed_ip_list = ('127.0.0.0/8') blocked_ip_list = ('{ELSEWHERE}')", (True, False)),
        ("allowed_network_rule_list = (here, there) blocked_network_rule_list = (there)", (True, False)),
        ("blocked_network_rule_list = (there)", (True, False)),
        ("allowed_network_rule_list = (there)", (False, True)),
        (f"allowed_network_rule_list = (here) allowed_ip_list = ('{ELSEWHERE}')", (True, False)),
        ("", (False, False)),
    ],
)
def test_what_the_lists_let_in(
    snowdome_module: Any, admin: Any, ask: Any, lists: str, expected: tuple[bool, bool]
) -> None:
    """The blocked list comes first, rules come before IP lists, and a policy without lists lets nobody in."""
    ask(admin, f"create network policy p {lists}", "alter user ann set network_policy = p")
    found = tuple(login_from(snowdome_module.port, address)["success"] for address in ("127.0.0.1", ELSEWHERE))
    assert found == expected


def test_who_is_in_already_is_stopped(snowdome_module: Any, admin: Any, ask: Any) -> None:
    """A policy set on a user who is logged in stops its next statement; once it is off, the session goes on."""
    session = snowdome_module.connect(user="ann", password="pw")
    ask(session, "select current_user()")
    ask(
        admin, "create network policy far allowed_network_rule_list = (away)", "alter user ann set network_policy = far"
    )
    with pytest.raises(ProgrammingError, match="not allowed to access"):
        ask(session, "select 1")
    ask(admin, "alter network rule away set value_list = ('10.0.0.0/8', '127.0.0.1')")
    assert ask(session, "select 1 as n") == [{"N": 1}]


def test_nobody_shuts_the_door_on_himself(admin: Any, ask: Any, refused: Any) -> None:
    """Activating or changing a policy so that it leaves the caller out is refused, and nothing is changed."""
    ask(
        admin,
        "create network policy near allowed_network_rule_list = (here)",
        "create network policy far allowed_network_rule_list = (away)",
    )
    assert refused(admin, "alter account set network_policy = far") == 1003
    assert refused(admin, "alter user admin set network_policy = far") == 1003
    ask(admin, "alter account set network_policy = near")
    assert refused(admin, "alter network policy near set allowed_network_rule_list = (away)") == 1003
    assert refused(admin, "alter network rule here set value_list = ('10.1.1.1')") == 1003
    assert refused(admin, "alter network rule here unset value_list") == 1003
    assert ask(admin, "select 1 as n") == [{"N": 1}]


def test_who_may(admin: Any, ask: Any, refused: Any) -> None:
    """SECURITYADMIN makes and activates policies; another role needs CREATE NETWORK POLICY and ATTACH POLICY."""
    ask(admin, "create role if not exists guard", "grant role guard to user admin", "use secondary roles none")
    ask(admin, "use role securityadmin", "create network policy p1 allowed_ip_list = ('127.0.0.1')")
    ask(admin, "alter account set network_policy = p1", "alter account unset network_policy")
    ask(admin, "use role guard")
    assert refused(admin, "create network policy p2 allowed_ip_list = ('127.0.0.1')") == 3001
    ask(admin, "use role accountadmin", "grant create network policy, attach policy on account to role guard")
    ask(admin, "use role guard", "create network policy p2 allowed_ip_list = ('127.0.0.1')")
    assert refused(admin, "alter account set network_policy = p1") == 2003
    ask(admin, "alter account set network_policy = p2", "alter account unset network_policy", "drop network policy p2")
