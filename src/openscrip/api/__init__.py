"""The HTTP face of the platform: JSON in and out, every amount a decimal string, every refusal with its rule."""
