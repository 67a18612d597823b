"""The parts of bench.py: servers to measure, a load in processes of its own, and the report.

What is measured: ``process`` runs a server, ``servers`` knows which there are, ``ours`` is the one
of this checkout, ``seed`` fills its database.
The load: ``stream`` checks what is received (pure), ``link`` is one TLS connection, ``client`` one
user, ``talking`` a room, ``client_loop`` all users of a process, ``rounds``, ``arrivals`` and
``asking`` what they do, ``worker`` the process, ``load`` all processes, which get their ``orders``.
A room is a channel: the workloads have been called so since the first of them, and keep their
names, so that results can be compared with those of older commits.
The workloads: ``chat``, ``logins``, ``missed``, ``standing``, ``curves``; ``workload`` has what all
share, ``catalogue`` names and sizes them.
The report: ``results``, ``columns``, ``targets``, ``plot``, ``report``, ``summary``.
"""
