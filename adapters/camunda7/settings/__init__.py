"""What may be set for a Camunda 7-family engine besides the common keys, and the dates that follow from it."""

from adapters.camunda7.settings.dates import Dates
from adapters.camunda7.settings.keys import Settings

__all__ = ["Dates", "Settings"]
