"""The stages behind the first of a keyed topology: shares of the windows, and the merge that judges."""
