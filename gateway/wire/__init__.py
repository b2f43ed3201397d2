"""Carrying plans out: the only room that talks to engines. Its door is ``EngineClient``; everything passes ``gate``."""

from gateway.wire.client import EngineClient
from gateway.wire.clients import Clients
from gateway.wire.drive import drive
from gateway.wire.settings import ClientSettings

__all__ = ["ClientSettings", "Clients", "EngineClient", "drive"]
