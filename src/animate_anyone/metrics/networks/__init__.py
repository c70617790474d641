"""Networks that look at videos in place of people, with the keys of their published weights."""
