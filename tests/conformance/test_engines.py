"""Every engine of `subjects.py` does what the kit asks."""

from tests.conformance.kit import (
    TestBinary,
    TestCapabilities,
    TestInstances,
    TestMerges,
    TestMissing,
    TestNames,
    TestPatches,
    TestReads,
    TestTokens,
    TestValues,
)

__all__ = [
    "TestBinary",
    "TestCapabilities",
    "TestInstances",
    "TestMerges",
    "TestMissing",
    "TestNames",
    "TestPatches",
    "TestReads",
    "TestTokens",
    "TestValues",
]
