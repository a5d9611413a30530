"""Where things are kept: rule directories and checkpoints today, logs next. I/O lives here."""
