"""The certificate authority. Stands alone.

``builders`` makes certificates (pure), ``constraints`` and ``names`` say for whom (pure), ``files``
and ``pem`` keep them, ``authority`` is a CA in a directory, ``ensure`` and ``check`` are what a
server asks for, ``cli`` is ``gencerts``.
"""
