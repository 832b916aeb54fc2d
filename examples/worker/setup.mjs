/** Makes the tables: the queue's, the router's logs, and image_job. Safe to repeat. */
import { readFile } from 'node:fs/promises';

import { runMigrations } from 'graphile-worker';
import { createPostgresStore } from 'n8n-nodes-comfyui-router/adapters';
import pg from 'pg';

const connectionString = process.env.DATABASE_URL;
if (!connectionString) throw new Error('DATABASE_URL is missing.');

await runMigrations({ connectionString });
const store = createPostgresStore({ connection: connectionString });
await store.migrate();
await store.close();
const client = new pg.Client({ connectionString });
await client.connect();
await client.query(await readFile(new URL('setup.sql', import.meta.url), 'utf8'));
await client.end();
console.log(
	'Ready: insert into image_job (request) values (\'{"purpose":"photo","prompt":"a red fox"}\').',
);
