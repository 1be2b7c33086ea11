"""Where people are told of events: Slack, e-mail, a webhook."""
