"""The command line: parses, calls, prints. One small file a command; nothing here knows how the work is done."""

from ingester.cli.main import main

__all__ = ["main"]
