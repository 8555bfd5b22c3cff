"""Who may subscribe and redeem: rules as data, pure screening, each refusal naming its rule.

To add a rule: a function in `screening.py` that yields a `Refusal`, its code in `RULES`, and a case in
`tests/assets/compliance/test_screening.py` beside the case that passes.
"""
