"""Who may use a studio that others can reach: users, sessions, API keys, and what they asked."""

from loresmith.workspace.accounts.accounts import Accounts, ApiKey, Caller, NewApiKey
from loresmith.workspace.accounts.carried_out import CarriedOutRequests
from loresmith.workspace.accounts.errors import AccessDenied, TooManyAttempts
from loresmith.workspace.accounts.server_key import server_key

__all__ = [
    "AccessDenied",
    "Accounts",
    "ApiKey",
    "Caller",
    "CarriedOutRequests",
    "NewApiKey",
    "TooManyAttempts",
    "server_key",
]
