"""Every engine of `subjects.py` does what the kit asks."""

from tests.conformance.kit import (
    TestBinary,
    TestCapabilities,
    TestEnded,
    TestExpectations,
    TestInstances,
    TestJsonPatches,
    TestMerges,
    TestMissing,
    TestNames,
    TestPatches,
    TestQueries,
    TestReads,
    TestScopes,
    TestTokens,
    TestValues,
    TestVerification,
)

__all__ = [
    "TestBinary",
    "TestCapabilities",
    "TestEnded",
    "TestExpectations",
    "TestInstances",
    "TestJsonPatches",
    "TestMerges",
    "TestMissing",
    "TestNames",
    "TestPatches",
    "TestQueries",
    "TestReads",
    "TestScopes",
    "TestTokens",
    "TestValues",
    "TestVerification",
]
