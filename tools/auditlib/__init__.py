"""The parts of tls_audit.py: ``scanners`` runs them and reads their words, ``report`` shows it."""
