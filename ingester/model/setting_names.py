"""What a setting is called: in Python, as an attribute of `Settings`, and on the command line, as an option.

Errors name the option, as most who read them typed one; who uses the library typed none. So the library gives them
to its user in its own words (`in_settings`); and what `Settings` says of itself, the command line (`in_options`).
"""

import re

OPTIONS = {
    "--queue-url": "queue_urls",
    "--output": "output",
    "--until-empty": "until_empty",
    "--verify-sns": "verify_sns",
    "--sns-topic": "sns_topics",
    "--visibility-timeout": "visibility_timeout_seconds",
    "--endpoint-url": "endpoint_url",
    "--region": "region",
    "--state-dir": "state_dir",
    "--partition-by": "partition_by",
    "--flush-interval": "flush_interval_seconds",
    "--target-file-size": "target_file_size_bytes",
    "--workers": "workers",
    "--batch-rows": "batch_rows",
    "--fetches-ahead": "fetches_ahead",
    "--max-attempts": "max_attempts",
    "--grace": "grace_seconds",
    "--worker-silence": "worker_silence_seconds",
    "--worker-memory": "worker_memory_bytes",
    "--include": "include",
    "--exclude": "exclude",
    "--processor": "processor",
    "--event-filter": "event_filter",
    "--source-filter": "source_filter",
    "--log-format": "log_format",
}
"""The options that set something, and the attribute that each sets."""

_ATTRIBUTES = {attribute: option for option, attribute in OPTIONS.items()}
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_ATTRIBUTE = re.compile(r"\bSettings\.([a-z_]+)")


def in_settings(text: str) -> str:
    """`Give --state-dir.` → `Give Settings.state_dir.` What sets nothing (`verify --rebuild-ledger`) stays."""
    return _OPTION.sub(lambda found: f"Settings.{OPTIONS[found[0]]}" if found[0] in OPTIONS else found[0], text)


def in_options(text: str) -> str:
    """`Settings.state_dir is …` → `--state-dir is …` What is no option stays."""
    return _ATTRIBUTE.sub(lambda found: _ATTRIBUTES.get(found[1], found[0]), text)
