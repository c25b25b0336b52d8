"""The socket: the wire's types, what a connection may say, and who gets which frames."""
