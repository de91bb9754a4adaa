"""Making a retained deployment live again."""
