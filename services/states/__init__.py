"""Where authentication state may live: one file each, all behind the protocol `State`."""
