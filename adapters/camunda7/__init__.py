"""Camunda 7 and its family (Operaton, CIB seven, EximeeBPMS, Fluxnova)."""

from adapters.camunda7.dialect import Camunda7Dialect
from adapters.camunda7.engine import Camunda7Engine
from adapters.camunda7.fake import Fake
from adapters.camunda7.settings import Settings
from gateway.port import Vendor

VENDOR = Vendor(
    name="camunda7",
    settings=Settings,
    engine=Camunda7Engine,
    fake=Fake,
    dialect=Camunda7Dialect,
    auth_kinds=frozenset({"none", "basic", "bearer", "oauth2", "forward"}),
)
