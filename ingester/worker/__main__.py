"""`python -m ingester.worker FD`: one worker process, its socket to the supervisor inherited as FD."""

import sys

from ingester.worker.main import main

main(int(sys.argv[1]))
