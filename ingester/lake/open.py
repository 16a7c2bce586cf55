"""The lake that the settings name. Runs in the supervisor process."""

from ingester.lake.base import Lake
from ingester.model.errors import ConfigurationError
from ingester.model.settings import Settings


def open_lake(settings: Settings) -> Lake:
    """The lake of `settings.output`. Nothing is written yet.

    Raises ConfigurationError: no output, an S3 output without a state directory, no usable credentials.
    """
    if not settings.output:
        raise ConfigurationError("No output is given.", hint="Give --output a directory or s3://bucket/prefix.")
    if settings.output_is_s3:
        from ingester.lake.publish_s3 import S3Lake  # boto3 takes 0.2 s to import, for a lake on S3 only

        return S3Lake(settings)
    from ingester.lake.publish_disk import DiskLake

    return DiskLake(settings)
