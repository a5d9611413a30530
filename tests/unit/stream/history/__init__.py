"""The past of topics, without a broker."""
