"""What a person asks: how much is it, what does it cost, which model should run it. Pure functions of their inputs."""
