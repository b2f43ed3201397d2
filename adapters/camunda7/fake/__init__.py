"""An in-memory Camunda 7 engine: ``server`` answers, ``convert`` knows values, ``showcase`` has examples."""

from adapters.camunda7.fake.server import Fake

__all__ = ["Fake"]
