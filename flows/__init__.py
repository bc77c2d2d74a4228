"""When, where and how often again. No science lives here, and Prefect lives nowhere else."""
