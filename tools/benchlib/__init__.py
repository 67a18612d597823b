"""The parts of bench.py: servers to measure, a load in processes of its own, and the report.

``stream`` checks what is received (pure), ``link`` is one TLS connection, ``client`` one user,
``worker`` a process full of them, ``crew`` all workers, ``servers`` starts what is measured,
``workloads`` says what is done, ``report`` shows it.
"""
