"""The watch: an attestor that co-signs what is covered, and a verifier that anyone may run.

Shares no code, key, database or process with the issuer it checks (design §10). It reads the custodian's signed
statements and the chains itself. Read `proof.py` first: it is the arithmetic that everything else feeds.
"""
