"""What tasks, streams, pipes and dynamic tables share."""
