/**
 * Starts the services of `npm start` in order, says how to use them, and stops them in the opposite order.
 * Owns what runs where; each service knows itself how it is started.
 */
import { join } from 'node:path';
import { startN8n } from '../n8n-instance/instance.mjs';
import { freePortFrom } from '../n8n-instance/ports.mjs';
import { say } from '../provision/command.mjs';
import { provisionPostgres } from '../provision/postgres.mjs';
import { checkDemo } from './check.mjs';
import { startComfyUi } from './comfyui.mjs';
import { putCredential, putExamples, readExamples } from './content.mjs';
import { postgresCredential } from './credentials.mjs';
import { seedDemo } from './demo-data.mjs';
import { openState } from './state.mjs';
import { welcome } from './welcome.mjs';

const OWNER_EMAIL = 'owner@example.com';
const FIRST_N8N_PORT = 5678;
const FIRST_POSTGRES_PORT = 54329;
/** Simulated seconds per second where nobody watches. */
const CHECK_SPEED_UP = 50;
const DEMO_DAYS = 14;
const CHECK_DAYS = 1;

/**
 * Resolves when everything has stopped: after `stopped`, or after the check.
 * @param {{ root: string, check: boolean, stopped: Promise<unknown> }} options
 */
export async function runDemo({ root, check, stopped }) {
	const running = [];
	try {
		const demo = await Promise.race([start(root, check, running), stopped.then(() => null)]);
		if (demo && check) await checkDemo(demo);
		else if (demo) {
			process.stdout.write(welcome(demo));
			await stopped;
		}
		say('\nStopping ...');
	} finally {
		for (const stop of running.reverse()) await stop();
	}
	say('Stopped.');
}

async function start(root, check, running) {
	const state = await openState(check);
	running.push(state.dispose);
	const postgres = await startPostgres(state, check);
	running.push(postgres.stop);
	const comfyui = await startComfyUi(root, {
		speedUp: check ? CHECK_SPEED_UP : 1,
		freePortFrom,
	});
	running.push(comfyui.stop);
	const n8n = await startInstance(root, state, await databaseOf(postgres, 'n8n'), check);
	running.push(n8n.stop);
	const fresh = !(await hasDatabase(postgres, 'router'));
	const databaseUrl = await databaseOf(postgres, 'router');
	say('Filling the logs with a demo ...');
	const report = await seedDemo({
		...{ root, databaseUrl, fresh, folder: state.folder },
		days: check ? CHECK_DAYS : DEMO_DAYS,
	});
	say('Putting credentials and example workflows in place ...');
	const credentials = [
		await putCredential(n8n.rest, 'ComfyUI', 'comfyUiApi', {
			servers: comfyui.servers,
			authentication: 'none',
		}),
		await putCredential(
			n8n.rest,
			'Router Postgres',
			'comfyUiRouterPostgresApi',
			postgresCredential(databaseUrl),
		),
	];
	const examples = await readExamples(join(root, 'examples'));
	const workflows = await putExamples(n8n.rest, examples, credentials);
	return {
		...{ n8n, comfyui, databaseUrl, workflows, credentials, report },
		stateFolder: state.folder,
	};
}

async function startPostgres(state, check) {
	say('Starting PostgreSQL ...');
	return await provisionPostgres({
		port: check ? undefined : await freePortFrom(FIRST_POSTGRES_PORT),
		dataDir: state.postgresFolder,
		password: state.secrets.postgresPassword,
		durable: !check,
	});
}

async function startInstance(root, state, databaseUrl, check) {
	const wanted = Number(process.env.N8N_PORT) || FIRST_N8N_PORT;
	const port = check ? undefined : await freePortFrom(wanted);
	say('Starting n8n ...');
	return await startN8n({
		databaseUrl,
		packageDir: root,
		port,
		userFolder: state.n8nFolder,
		owner: { email: OWNER_EMAIL, password: state.secrets.ownerPassword },
	});
}

async function hasDatabase(postgres, name) {
	const text = 'select 1 from pg_database where datname = $1';
	return (await postgres.admin.query(text, [name])).rowCount > 0;
}

/** The connection string of a database that is made at the first start. */
async function databaseOf(postgres, name) {
	if (!(await hasDatabase(postgres, name))) return await postgres.createDatabase(name);
	return postgres.urlFor(undefined, undefined, name);
}
