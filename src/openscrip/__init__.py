"""Openscrip: the open stack for tokenised US equities. Read the folder names; they are the architecture."""

__version__ = "0.1.0"
