"""The subcommands of `tinygrad-lists`, a module each: ``add_arguments(parser)`` and ``run(arguments) -> exit
status``."""
