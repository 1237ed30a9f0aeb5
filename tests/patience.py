"""How long tests wait for what must happen: never reached by a working program, however busy the machine is."""

WAIT = 60.0
"""Seconds until a test gives up."""
