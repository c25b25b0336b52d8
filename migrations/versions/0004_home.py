"""Where the log lives, and the key of its hints.

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; whoever opens the log for writing fills in its row."""
    op.create_table(
        "log_home",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.String(100), nullable=False),
        sa.Column("hint_key", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        # `op.f`: this is the whole name; else the naming convention would add its prefix again.
        sa.CheckConstraint("id = 1", name=op.f("ck_log_home_single_row")),
        sa.PrimaryKeyConstraint("id", name="pk_log_home"),
    )


def downgrade() -> None:
    """Drop the table: nodes do without hints that are authenticated, and moves are not noticed."""
    op.drop_table("log_home")
