"""The decode room: the bytes of one log file become events.

In go the chunks of a log file, gzipped or plain, as fetched. Out come its records, each as the very bytes that
were delivered (`read.read_records`), and of those the typed events (`events.decode_events`); what can't be read
comes out as a bad record with its bytes. Nothing here does I/O but ask for the next chunk. Runs in the worker
process, and in the process of the user's function.

For functions there is a short cut to the events of nearly all log files, `slices.decode_slices`.

Two lanes give the same records for the same file: `whole` (msgspec, in memory, nearly all log files) and `stream`
(any size and layout, flat memory; ijson judges what msgspec refuses). A record that does not fit the model takes
the `tolerant` path.
"""
