"""The watch's own reading of a custodian's ISO 20022 messages: strict XML, and what the messages mean to a reserve.

Nothing is shared with the issuer's codec on purpose. `tree` reads XML without anything that XML can do beside elements and
text; `letters` the signed envelope; `words` what a message says; `reader` the numbered stream of one custodian.
"""
