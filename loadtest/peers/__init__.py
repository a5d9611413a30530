"""Other ways to do a part of fraudstream's work, written as their own documentation has it."""
