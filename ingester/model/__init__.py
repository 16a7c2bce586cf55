"""The words of the domain, used by every room: events, log files, notifications, frames, settings, errors.

Nothing here does I/O, and nothing here imports a library other than msgspec. Runs in every process.
"""
