"""What goes over the wire, one file for each resource. What comes in is strict; what goes out has no defaults."""
