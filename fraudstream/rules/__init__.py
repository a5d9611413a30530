"""What a compliance officer writes: rule files, their language, their checks and their tests. No I/O."""
