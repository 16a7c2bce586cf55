"""The columns room: events become Arrow record batches.

In go typed events of one or several log files and where each came from; out comes one `pyarrow.RecordBatch` of
`schema.BATCH_SCHEMA` (`build.record_batch`). Pure, no I/O. Runs in the worker process.

Hardly any Python code runs for a single value: events and their parts are transposed in C, each column is made by a
few calls, and parts and texts that events share are there only once.
"""
