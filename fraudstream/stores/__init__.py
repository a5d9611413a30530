"""Where things are kept: rule directories today, checkpoints and logs next. I/O lives here."""
