"""Seeded traffic, peers to compare with, and the measurements that both feed."""
