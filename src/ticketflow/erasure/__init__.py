"""What goes when a person's data is to go, and what its age takes away. Batches of rows; the runs are in `agent`."""
