"""What all tests may use."""

pytest_plugins = ["snowdome.pytest_plugin"]
