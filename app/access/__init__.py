"""Who may do what: credentials become grants, and one place says what a grant allows.

- `grant`: what somebody may do. `rules`: what each request needs, and whether a grant has it.
- `gate`: finds the grant of a token, a cookie, or of nobody. `token_book`, `jwt_tokens`, `write_token`: the tokens.
  `sessions`: a browser's cookie.
- `origins`: which names and pages this server answers to. `exposure`: whether it may listen where it is told to.
"""
