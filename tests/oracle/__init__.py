"""An independent, slow and obvious implementation of docs/contract.md, and its comparison with the engine."""
