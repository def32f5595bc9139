"""Who resumes an operation that has to wait: these modules know `PollNeeded`, nothing of HTTP."""
