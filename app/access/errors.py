"""What an operator set up wrongly about who may come in. No message holds a secret.

AccessError
├── TokenFileError   the file of the server's own token holds something else
├── TokensFileError  the file of further tokens cannot be read, or is none
├── JwtSetupError    keys that no signed token can be checked with
└── UnfitFileError   a pipe, a device, or more than a small file
"""


class AccessError(Exception):
    """The setup of tokens is wrong."""


class TokenFileError(AccessError):
    """A token file that holds something else."""


class TokensFileError(AccessError):
    """A tokens file that cannot be read, or is none; says where it is wrong, and never what is in it."""


class JwtSetupError(AccessError):
    """Keys that no token can be checked with; never says what they are."""


class UnfitFileError(AccessError):
    """A file that is none to read settings from: a pipe, a device, or too big."""
