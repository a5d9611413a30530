"""What the operator sees: every metric name in one module, and logs."""
