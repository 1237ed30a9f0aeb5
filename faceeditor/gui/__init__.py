"""The window: the only room that imports Qt. It keeps no state of the portrait."""

import os

# The engine's small matrix products (a head's vertices, style vectors) gain nothing from more threads, but OpenBLAS's
# idle threads spin for some 25 ms after each of them and take that time from the network: with it on two cores the
# network under a moving slider took 22 ms, without it 13. numpy reads this once, when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
