"""Ready functions to give events to, and examples: `ingester run --processor ingester.processors.ndjson:write`.

Events go in; alerts, lines or numbers come out. Each runs where a user's function does: in worker processes, or in
the threads of a program that uses the library.
"""
