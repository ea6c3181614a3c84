"""DATABASE_URL and REDIS_URL as Django settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "mariadb": "django.db.backends.mysql",
}


def database(url: str, default: Path) -> dict[str, Any]:
    """`postgres://user:password@host:port/name`, `mysql://...`, or a SQLite file."""
    if not url or url.startswith("sqlite"):
        name = urlsplit(url).path if url else str(default)
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    parts = urlsplit(url)
    found: dict[str, Any] = {
        "ENGINE": ENGINES[parts.scheme],
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }
    if parts.scheme in ("mysql", "mariadb"):
        found["OPTIONS"] = {"charset": "utf8mb4"}
        found["TEST"] = {"CHARSET": "utf8mb4"}
    return found


def cache(url: str) -> dict[str, Any]:
    """Redis where its URL is given, else the memory of the process."""
    if url:
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
        }
    return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
