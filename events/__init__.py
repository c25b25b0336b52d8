"""The event log: what happened, and how it is remembered.

Nothing here knows about markets' meaning, the web or the application. Start reading at `log.EventLog`,
which is what the application talks to; `catalog` lists every event there is.
"""
