-- Run by the official image of PostgreSQL at its first start, as its superuser: the role that Synapse connects as, and
-- its database. The password is in the environment; nobody comes in over the network as the superuser.
\getenv password POSTGRES_PASSWORD

CREATE ROLE synapse LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE synapse OWNER synapse;

-- The superuser is left without a password: only who is in the container is one, by its socket.
ALTER ROLE CURRENT_USER PASSWORD NULL;

-- A database of its own, and no other one.
REVOKE ALL ON DATABASE postgres, template1, synapse FROM PUBLIC;
