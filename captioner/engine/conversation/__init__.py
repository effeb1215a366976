"""Conversation sessions, as far as this engine has them: texts translated and spoken."""
