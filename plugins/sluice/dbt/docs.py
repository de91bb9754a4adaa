"""dbt's docs of a deployment as one page: its manifest and its catalog put into the page that dbt ships."""

from __future__ import annotations

from importlib.resources import files


def docs_page(manifest: str, catalog: str) -> str:
    """Return the page that `dbt docs generate --static` would write; it loads nothing from anywhere."""
    page = (files("dbt.task.docs") / "index.html").read_text(encoding="utf-8")
    for name, content in (("MANIFEST", manifest), ("CATALOG", catalog)):
        page = page.replace(f'"{name}.JSON INLINE DATA"', _inline(content))
    return page


def _inline(content: str) -> str:
    """JSON as a script may hold it: nothing in it ends the script."""
    return content.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
