"""Where authentication state may be kept: one file for each way, all behind the protocol `State`."""
