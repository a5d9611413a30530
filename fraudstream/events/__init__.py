"""What an event is: its columns, its limits, and the way from bytes to columns. No I/O."""
