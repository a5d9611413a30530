"""The fold: `step(batch) -> decisions`, the same in the demo, the back-test, the tests and production. No I/O."""
