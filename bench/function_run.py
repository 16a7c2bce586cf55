"""`python -m bench.function_run DIRECTORY WORKERS`: gives a directory's events to a function that counts them, as a
program of a user does. Prints how many events came, last."""

import logging
import sys

from ingester import ProcessingExecutor, Settings


def main(source: str, workers: int) -> None:
    """Run to the end."""
    logging.disable(logging.WARNING)
    with ProcessingExecutor("ingester.processors.count:Count", Settings(source=source, workers=workers)) as executor:
        executor.wait()
    print(executor.counts.events)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
