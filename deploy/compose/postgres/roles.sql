-- Run once, when the database is made: a database for n8n, one for the router, and a role for Grafana that only reads.
\getenv n8n_password N8N_DB_PASSWORD
\getenv router_password ROUTER_DB_PASSWORD
\getenv grafana_password GRAFANA_DB_PASSWORD
create role n8n login password :'n8n_password';
create role router login password :'router_password';
create role grafana_reader login password :'grafana_password';
create database n8n owner n8n;
create database router owner router;
\connect router
-- before PostgreSQL 15 everybody may make tables in it
revoke create on schema public from public;
grant usage, create on schema public to router;
grant usage on schema public to grafana_reader;
-- whoever can edit a dashboard can run any query: this role can read what the dashboard shows, and change nothing
alter default privileges for role router in schema public grant select on tables to grafana_reader;
alter role grafana_reader set default_transaction_read_only = on;
alter role grafana_reader set statement_timeout = '30s';
