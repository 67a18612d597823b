"""A chat server for private talk, its client, and its certificate authority."""

import sys

__version__ = "0.1.0"

if sys.platform == "win32":
    # Here, as every program of ours comes by: else the first import of a module that Windows hasn't
    # would be what people see. Keys and tokens rely on owners and modes of files, in all of them.
    sys.exit(
        "securechat runs on Linux and other POSIX systems. On Windows run it in WSL, or take a "
        "client such as Halloy or HexChat; docs/install.md and docs/clients.md tell how."
    )
