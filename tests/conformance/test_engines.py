"""Every engine of `subjects.py` does what the kit asks."""

from tests.conformance.kit import (
    TestBinary,
    TestCapabilities,
    TestExpectations,
    TestInstances,
    TestJsonPatches,
    TestMerges,
    TestMissing,
    TestNames,
    TestPatches,
    TestReads,
    TestTokens,
    TestValues,
    TestVerification,
)

__all__ = [
    "TestBinary",
    "TestCapabilities",
    "TestExpectations",
    "TestInstances",
    "TestJsonPatches",
    "TestMerges",
    "TestMissing",
    "TestNames",
    "TestPatches",
    "TestReads",
    "TestTokens",
    "TestValues",
    "TestVerification",
]
