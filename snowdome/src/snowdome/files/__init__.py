"""Stages, their files, and COPY INTO."""
