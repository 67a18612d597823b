"""Where browsers, and this system, keep the authorities that they trust. Main thread."""
