"""How unusual an event is: online River models, their fast paths, calibration and reasons. No I/O."""
