"""How the command starts: the table of commands, their overview, and how one is imported when it is asked for."""
