"""IBM BPM and Business Automation Workflow, by their classic REST API (``/rest/bpm/wle/v1``)."""

from adapters.ibm_bpm.dialect import IbmBpmDialect
from adapters.ibm_bpm.engine import IbmBpmEngine
from adapters.ibm_bpm.fake import Fake
from adapters.ibm_bpm.settings import Settings
from gateway.port import Vendor

VENDOR = Vendor(
    name="ibm_bpm",
    settings=Settings,
    engine=IbmBpmEngine,
    fake=Fake,
    dialect=IbmBpmDialect,
    auth_kinds=frozenset({"none", "basic", "bearer", "oauth2", "forward", "ibm_session", "zen"}),
)
