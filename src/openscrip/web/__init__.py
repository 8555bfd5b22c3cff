"""What people look at: reports as files that stand alone.

Amounts arrive as quantities of the kernel and leave as decimal strings; only coordinates of drawings are floats.
"""
