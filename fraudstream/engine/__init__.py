"""The fold: `step(batch) -> decisions`, the same in demo, back-test, tests and production. No I/O."""
