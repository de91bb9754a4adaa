"""Network policies at log-in: from which addresses a user may connect.

User-guide/network-policies: a user's policy overrides the account's; the blocked list comes first; an allowed list
lets in nothing else of its kind; a policy that lists nothing lets in no IPv4 address. Where rules are listed the IP
lists do not count. Who is in already is stopped at the next statement. Rules for private endpoints never match: every
client comes over IP.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from snowdome.errors import SqlError
from snowdome.state.records import ACCOUNT_ID, NetworkPolicy, NetworkRule, User
from snowdome.state.records import Account as AccountRecord

if TYPE_CHECKING:
    from snowdome.state.account import Account
    from snowdome.state.session import Session

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
KIND = "NETWORK POLICY"
RULES = ("ALLOWED_NETWORK_RULE_LIST", "BLOCKED_NETWORK_RULE_LIST")
LISTS = ("ALLOWED_IP_LIST", "BLOCKED_IP_LIST")


def check(account: Account, user: User, address: str) -> None:
    """The user may come from that address, or 390422 is raised."""
    policy = governing(account, user)
    if policy is not None and not allows(account, policy, address):
        raise SqlError(
            390422,
            "08004",
            f"Incoming request with IP/Token {address} is not allowed to access Snowflake. "
            "Contact your account administrator. For more information about this error, go to "
            "https://community.snowflake.com/s/ip-xxxxxxxxxxxx-is-not-allowed-to-access.",
        )


def require(account: Account, user: User) -> None:
    """The user is subject to a network policy, as user-guide/programmatic-access-tokens wants it; 390432 is a guess."""
    if governing(account, user) is None:
        raise SqlError(390432, "08004", "Network policy is required.")


def check_session(account: Account, session: Session) -> None:
    """The session's client is still where its user may be."""
    user = account.catalog.peek(session.user)
    if session.address and isinstance(user, User):
        check(account, user, session.address)


def governing(account: Account, user: User) -> NetworkPolicy | None:
    """The network policy that counts for the user: its own, else the account's."""
    if not account.catalog.knows(NetworkPolicy):
        return None
    for record in (user, account.catalog.get(AccountRecord, ACCOUNT_ID)):
        found = account.catalog.peek(record.policies.get(KIND, -1))
        if isinstance(found, NetworkPolicy):
            return found
    return None


def allows(account: Account, policy: NetworkPolicy, address: str) -> bool:
    """Whether the policy lets that address in."""
    client = _client(address)
    if any(policy.settings.get(name) for name in RULES):
        allowed, blocked = (_values(account, policy, name, client) for name in RULES)
        open_to_all = not policy.settings.get(RULES[0])
    else:
        allowed, blocked = (list(policy.settings.get(name, ())) for name in LISTS)
        open_to_all = False
    if any(client in ipaddress.ip_network(one, strict=False) for one in blocked):
        return False
    return open_to_all or any(client in ipaddress.ip_network(one, strict=False) for one in allowed)


def _client(address: str) -> Address:
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _values(account: Account, policy: NetworkPolicy, name: str, client: Address) -> list[str]:
    """What the rules of the list say about addresses of the client's family, on their way into the service."""
    rules = [account.catalog.peek(rule) for rule in policy.settings.get(name, ())]
    wanted = f"IPV{client.version}"
    return [
        value
        for rule in rules
        if isinstance(rule, NetworkRule) and rule.settings["TYPE"] == wanted and rule.settings["MODE"] == "INGRESS"
        for value in rule.settings.get("VALUE_LIST", ())
    ]


def stay_in(account: Account, session: Session) -> None:
    """Who makes a change is not shut out by it; the number (001003) of the refusal is an assumption."""
    user = account.catalog.get(User, session.user)
    policy = governing(account, user)
    if policy is not None and session.address and not allows(account, policy, session.address):
        raise SqlError(
            1003,
            "42601",
            f"Changes cannot be applied to the network policy {policy.name} because current IP address/token "
            f"{session.address} is not allowed in it.",
        )
