"""What a code base declares: dependencies, versions, Python, containers' base images, launchers."""
