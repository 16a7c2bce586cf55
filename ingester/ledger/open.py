"""Where the ledger that the settings name lies."""

from pathlib import Path

from ingester.model.settings import Settings

LEDGER_NAME = "ledger.sqlite"


def ledger_path(settings: Settings) -> Path:
    """Its file. Raises ConfigurationError for an output on S3 without a state directory."""
    return settings.state_directory / LEDGER_NAME
