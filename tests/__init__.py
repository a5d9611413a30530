"""The tests; `tests/README.md` says where each kind stands."""
