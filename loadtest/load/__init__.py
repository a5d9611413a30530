"""Load of many shapes on a real worker, and what must hold under each (docs/load.md)."""
