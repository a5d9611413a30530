"""What an entity did before: exact sliding windows over event time, walked in numba. No I/O."""
