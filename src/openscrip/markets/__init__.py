"""Markets: where claims trade. The order book first; it knows integers alone: ticks, lots, and the ids that it is given."""
