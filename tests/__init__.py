"""The tests: unit tests mirror the modules, properties and integration tests stand beside them."""
