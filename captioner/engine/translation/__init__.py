"""Translation on this machine: neural models and rules, whichever knows the languages."""
