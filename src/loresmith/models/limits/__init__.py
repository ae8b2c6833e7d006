"""How many calls an endpoint gets at once and a minute, from all processes of this machine."""

from loresmith.models.limits.rates import Rates
from loresmith.models.limits.shared import Holding, SharedLimits

__all__ = ["Holding", "Rates", "SharedLimits"]
