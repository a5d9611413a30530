"""The command line: `fraudstream --help`."""
