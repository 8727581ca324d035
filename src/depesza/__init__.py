"""A self-hosted messaging platform: other vendors' APIs in, carriers and phones out."""
