"""The tables of users, sessions, API keys and carried-out requests (migration 0004)."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table, Text, UniqueConstraint

from loresmith.database import metadata

users = Table(
    "users",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("name"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("key_hash", String, nullable=False),
    Column("shown", String, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("last_used_at", Float, nullable=True),
    UniqueConstraint("key_hash"),
)

carried_out_requests = Table(
    "carried_out_requests",
    metadata,
    Column("key", String, primary_key=True),
    Column("caller", String, primary_key=True),
    Column("request_hash", String, nullable=False),
    Column("status", Integer, nullable=True),
    Column("body", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)
