"""Record batches become data files: staged where no reader sees them, published all at once.

In a worker process (`stage` and what it needs: partition, row_order, data_file, commit_files, sink, sink_disk,
sink_s3): record batches in, staged files of one commit out. In the supervisor process (`open`, `base`, `layout`,
`lock`, `publish_disk`, `publish_s3`, `quarantine`): commits in, published files out; nothing there imports
pyarrow or numpy. `layout`, `disk` and `s3` serve both. The library of this room is pyarrow, and boto3 for S3.
"""
