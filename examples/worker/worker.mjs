/** A worker without n8n: takes jobs from PostgreSQL, has them chosen, run and logged. Start as many as you like. */
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { makeWorkerUtils, run } from 'graphile-worker';
import { parseCatalog } from 'n8n-nodes-comfyui-router';
import {
	ComfyUiClient,
	createPostgresStore,
	PostgresReservations,
	systemClock,
	systemRandom,
} from 'n8n-nodes-comfyui-router/adapters';
import { createGenerator, ReservationsOrAlone } from 'n8n-nodes-comfyui-router/service';
import pg from 'pg';

import { readConfig } from './config.mjs';
import { FallenWorkers } from './fallen-workers.mjs';
import { imageTask } from './generate-image.mjs';

const config = readConfig(process.env);
const shippedCatalog = () =>
	createRequire(import.meta.url).resolve('n8n-nodes-comfyui-router/models_config.json');
const catalog = parseCatalog(
	JSON.parse(await readFile(config.catalogPath ?? shippedCatalog(), 'utf8')),
);

const pool = new pg.Pool({ connectionString: config.databaseUrl, max: config.concurrency + 4 });
pool.on('error', (error) => console.error(`Database: ${error.message}`));
const store = createPostgresStore({ connection: config.databaseUrl });
const authentication = config.token ? { type: 'bearer', token: config.token } : undefined;
const clients = config.servers.map((server) => new ComfyUiClient({ ...server, authentication }));
// a book that cannot be reached stops no job: then this worker plans without the others
const reservations = new ReservationsOrAlone(
	new PostgresReservations({ pool: store.pool, prepare: () => store.migrate() }),
	systemClock,
);
const generator = createGenerator({
	catalog,
	servers: clients,
	clock: systemClock,
	random: systemRandom,
	store,
	prompts: store,
	reservations,
});

const utils = await makeWorkerUtils({ pgPool: pool });
const fallen = new FallenWorkers({
	databaseUrl: config.databaseUrl,
	release: (ids) => utils.forceUnlockWorkers(ids),
	onError: (error) => console.error(`Looking for fallen workers: ${error.message}`),
});
await fallen.start();
const events = new EventEmitter();
events.on('worker:create', ({ worker }) => void fallen.add(worker.workerId));
const runner = await run({
	pgPool: pool,
	concurrency: config.concurrency,
	noHandleSignals: true,
	taskList: {
		generate_image: imageTask({
			pool,
			store,
			clients,
			generator,
			reservations,
			outFolder: config.outFolder,
		}),
	},
	events,
});
console.log(`Working on ${clients.map((client) => client.name).join(', ')}.`);

// what runs is let run to its end; a second signal ends at once, and another worker takes over
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
await runner.stop();
await fallen.stop();
await utils.release();
for (const client of clients) client.close();
await store.close();
await pool.end();
