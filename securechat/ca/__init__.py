"""The certificate authority. Stands alone."""
