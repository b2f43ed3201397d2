"""The port that an adapter fills in. Everything is imported from here; ``adapters/ADDING.md`` says how to begin."""

from gateway.port.credentials import Credentials, LogIn, Session, TokenRequest, authorization
from gateway.port.dialect import Dialect, DialectRequest, DialectSettings, Passed, RequestFacts
from gateway.port.engine import Engine, Policy
from gateway.port.features import FEATURES, Capabilities, EngineLimits
from gateway.port.upload import FormShape, UploadedForm
from gateway.port.vendor import Fake, Vendor

__all__ = [
    "FEATURES",
    "Capabilities",
    "Credentials",
    "Dialect",
    "DialectRequest",
    "DialectSettings",
    "Engine",
    "EngineLimits",
    "Fake",
    "FormShape",
    "LogIn",
    "Passed",
    "Policy",
    "RequestFacts",
    "Session",
    "TokenRequest",
    "UploadedForm",
    "Vendor",
    "authorization",
]
