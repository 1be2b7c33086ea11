"""A Model Context Protocol server over a TicketFlow server's API: tools for assistants, read-only unless allowed."""
