"""`synapse`, as it is, but with leases that change hands sooner: `CLUSTER_LEASE_S` seconds (a test cannot wait for 15)."""

import os

from app import feed_runner
from app.cli import main

if __name__ == "__main__":
    lease_s = float(os.environ["CLUSTER_LEASE_S"])
    vars(feed_runner).update(LEASE_TTL_S=lease_s, LEASE_RETRY_S=lease_s / 5)
    main()
