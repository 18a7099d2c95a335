"""The subcommands of ``fusionreid``, a module each.

A module has ``HELP``, a line of text; ``add_arguments(parser)``; and
``run(args)``. It is imported for each help, so it imports what takes its time
in ``run``.
"""
__all__: list = []
