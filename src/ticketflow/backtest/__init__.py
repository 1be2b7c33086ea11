"""What automation would have done with a file of past tickets: learned on the first, proven on the next, tested on the
last. Nothing is stored, and neither a server nor a key is needed."""
