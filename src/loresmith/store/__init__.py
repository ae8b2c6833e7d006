"""Records <-> database: what the work has made so far, by content id.

`Store` says what a store can do, `MemoryStore` does it for tests and short scripts, and
`loresmith.store.sql.SqlStore` does it durably.
"""

from loresmith.store.base import Store
from loresmith.store.memory import MemoryStore

__all__ = ["MemoryStore", "Store"]
