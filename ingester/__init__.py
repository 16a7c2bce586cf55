"""CloudTrail log files from a busy SQS queue to partitioned Parquet, exactly once."""
