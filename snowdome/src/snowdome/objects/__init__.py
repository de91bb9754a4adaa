"""Kinds of objects: a folder for each, and the tuple that everything else is folded from.

In a kind's folder are its statements (`statements`), what carries them out (`handlers`) and its SHOW (`show`); its
`Kind` value ties them together. A kind that is not in `KINDS` is refused by name.
"""

from __future__ import annotations

from snowdome.objects.account import KIND as ACCOUNT
from snowdome.objects.databases import KIND as DATABASE
from snowdome.objects.dynamic_tables import KIND as DYNAMIC_TABLE
from snowdome.objects.file_formats import KIND as FILE_FORMAT
from snowdome.objects.hybrid_tables import KIND as HYBRID_TABLE
from snowdome.objects.kind import Kind
from snowdome.objects.pipes import KIND as PIPE
from snowdome.objects.policies import MASKING_POLICY, NETWORK_POLICY, NETWORK_RULE, SESSION_POLICY
from snowdome.objects.resource_monitors import KIND as RESOURCE_MONITOR
from snowdome.objects.roles import DATABASE_ROLE, ROLE
from snowdome.objects.schemas import KIND as SCHEMA
from snowdome.objects.sequences import KIND as SEQUENCE
from snowdome.objects.sessions import KIND as SESSION
from snowdome.objects.stages import KIND as STAGE
from snowdome.objects.streams import KIND as STREAM
from snowdome.objects.tables import KIND as TABLE
from snowdome.objects.tags import KIND as TAG
from snowdome.objects.tasks import KIND as TASK
from snowdome.objects.users import KIND as USER
from snowdome.objects.views import KIND as VIEW
from snowdome.objects.warehouses import KIND as WAREHOUSE

KINDS: tuple[Kind, ...] = (
    WAREHOUSE,
    DATABASE,
    SCHEMA,
    TABLE,
    HYBRID_TABLE,
    ROLE,
    DATABASE_ROLE,
    USER,
    TAG,
    RESOURCE_MONITOR,
    MASKING_POLICY,
    SESSION_POLICY,
    NETWORK_POLICY,
    NETWORK_RULE,
    TASK,
    STREAM,
    PIPE,
    DYNAMIC_TABLE,
    VIEW,
    SEQUENCE,
    STAGE,
    FILE_FORMAT,
    SESSION,
    ACCOUNT,
)
