"""The only room that knows Faust and Kafka: from a topic to the engine, and from the engine to topics."""
