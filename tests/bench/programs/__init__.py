"""The measured programs, each a process: ``python -m tests.bench.programs.<name> '{"port": …}'``; says ``ready`` once."""
