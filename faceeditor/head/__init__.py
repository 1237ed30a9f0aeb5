"""The 3D head: coefficients -> vertices -> maps and pictures. Numpy and numba; torch only where a module says so."""
