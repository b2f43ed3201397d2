"""What every engine must do, whoever made it: it is asked for capabilities, never for its vendor.

A test gets a `Subject`; what the engine says it cannot do, it must refuse before it sends anything.
"""

from tests.conformance.kit.definitions import TestDefinitions
from tests.conformance.kit.finding import TestFinding
from tests.conformance.kit.laws import TestLaws
from tests.conformance.kit.partial import TestExpectations, TestJsonPatches, TestVerification
from tests.conformance.kit.patches import TestNames, TestPatches
from tests.conformance.kit.places import TestEnded, TestScopes
from tests.conformance.kit.queries import TestQueries
from tests.conformance.kit.reads import TestBinary, TestCapabilities, TestInstances, TestMissing, TestReads
from tests.conformance.kit.running import TestMessages, TestStarts, TestTasks
from tests.conformance.kit.states import TestStates
from tests.conformance.kit.tokens import TestTokens
from tests.conformance.kit.values import TestMerges, TestValues
from tests.conformance.kit.verdicts import TestVerdicts

__all__ = [
    "TestBinary",
    "TestCapabilities",
    "TestDefinitions",
    "TestEnded",
    "TestExpectations",
    "TestFinding",
    "TestInstances",
    "TestJsonPatches",
    "TestLaws",
    "TestMerges",
    "TestMessages",
    "TestMissing",
    "TestNames",
    "TestPatches",
    "TestQueries",
    "TestReads",
    "TestScopes",
    "TestStarts",
    "TestStates",
    "TestTasks",
    "TestTokens",
    "TestValues",
    "TestVerdicts",
    "TestVerification",
]
