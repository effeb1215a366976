"""The commands, a file each: arguments in, work done elsewhere, words out."""
