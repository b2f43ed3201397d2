"""Read configuration files and the environment, strictly; every error names file and key path. Nobody else reads them.

Secrets stay references (``env:NAME``, ``file:PATH``) until ``resolve``; ``config/gateway.toml`` documents every key.
"""

from gateway.config.contradictions import warnings
from gateway.config.environment import environment
from gateway.config.load import load, parse, referenced_files
from gateway.config.secrets import resolve, resolve_store
from gateway.config.shapes import (
    CallerConfig,
    Config,
    ConfigError,
    EngineConfig,
    RateConfig,
    ServerConfig,
    StoreConfig,
    TracingConfig,
)
from gateway.config.shown import differing_keys, show

__all__ = [
    "CallerConfig",
    "Config",
    "ConfigError",
    "EngineConfig",
    "RateConfig",
    "ServerConfig",
    "StoreConfig",
    "TracingConfig",
    "differing_keys",
    "environment",
    "load",
    "parse",
    "referenced_files",
    "resolve",
    "resolve_store",
    "show",
    "warnings",
]
