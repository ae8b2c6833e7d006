"""The durable queue: who does what, who died doing it, and who takes over."""
