"""The content: a folder a lesson, with its questions and its exercises."""
