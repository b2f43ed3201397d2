"""An in-memory IBM engine: ``server`` answers, ``convert`` knows values, ``showcase`` has examples."""

from adapters.ibm_bpm.fake.server import Fake

__all__ = ["Fake"]
