"""The library's engine: a user's function in the place of columns and lake, and the run that feeds it.

The user's objects go in, and the settings; events come out, into the function. Runs in the user's process: the
supervisor's loop in a thread, the workers as processes, or as threads that speak the same frames.
"""
