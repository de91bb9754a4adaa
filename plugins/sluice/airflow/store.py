"""The release store of an Airflow process: a folder, or a bucket that an installed package can open."""

from __future__ import annotations

from urllib.parse import urlsplit

import fsspec
from airflow.sdk import ObjectStoragePath
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.io import has_fs

from sluice.errors import SpecError

_EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "s3n": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "abfs": "azure",
    "abfss": "azure",
    "adl": "azure",
}
"""Which extra of sluice brings what opens the addresses of a scheme: Airflow's provider, and the package under it."""


def open_store(address: str) -> ObjectStoragePath:
    """Return the store at this address, or refuse: what is not installed is said here, not by the first write."""
    scheme = urlsplit(address).scheme
    try:
        store = ObjectStoragePath(address)
        fsspec.get_filesystem_class(store.protocol or "file")
    except ImportError as error:
        raise _refused(address, scheme, f"its package is not installed ({error})") from error
    except ValueError as error:
        raise _refused(address, scheme, "no package is known that opens such an address") from error
    if store.conn_id is None:
        return store
    if not has_fs(store.protocol or "file"):
        raise _refused(address, scheme, f"the Airflow provider that reads connection {store.conn_id} is not installed")
    try:
        _ = store.fs
    except AirflowNotFoundException as error:
        raise SpecError(
            "the release store names an Airflow connection that is not there",
            where="SLUICE_STORE",
            value=address,
            good=f"airflow connections add {store.conn_id} …, or an address without a connection",
            untouched="everything",
        ) from error
    return store


def _refused(address: str, scheme: str, why: str) -> SpecError:
    extra = _EXTRAS.get(scheme)
    return SpecError(
        f"the release store cannot be opened: {why}",
        where="SLUICE_STORE",
        value=address,
        good=f"pip install 'airflow-sluice[{extra}]'" if extra else "s3://bucket/sluice, gs://…, abfs://…, or a folder",
        untouched="everything",
    )
