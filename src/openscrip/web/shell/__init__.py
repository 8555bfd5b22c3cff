"""What every page stands on: who asks, sessions, forms, headers, limits, the audit chain, and how a page is rendered."""
