"""Staff cards: the PIV card application (NIST SP 800-73-4) as far as a login needs it."""
