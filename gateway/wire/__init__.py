"""Carrying plans out: the only room that talks to engines. ``EngineClient`` is its door."""

from gateway.wire.client import ClientSettings, EngineClient
from gateway.wire.drive import drive

__all__ = ["ClientSettings", "EngineClient", "drive"]
