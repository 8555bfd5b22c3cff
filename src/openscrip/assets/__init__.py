"""Off-chain truth: broker, custody, shares and cash, reserve, corporate actions, compliance."""
