"""`python -m fraudstream.cli` is the `fraudstream` command."""

from fraudstream.cli.main import main

if __name__ == "__main__":
    main()
