"""How far a sweep has come, on the screen and in `ilsweep status`."""
