"""The one composition root: which rows decide how, who hears which fact, and which adapters are real.

Nothing else imports a concrete broker, custodian or chain.
"""
