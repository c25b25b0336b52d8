"""What is answered to a question about the log, typed: the endpoints' contract, and what the Python client reads.

Pure: no module here knows how an answer is found.
"""
