/**
 * `npm start`: a working n8n with these nodes, from a fresh clone. Owns the order: dependencies, build, then services.
 */
import { fork, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';
import { say } from './provision/command.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const USAGE = `Usage: npm start [-- --check]
Starts PostgreSQL, a ComfyUI (see below) and n8n with these nodes, the credentials and the example workflows.
  --check       start with throw-away data, run an example workflow, look at its row in PostgreSQL, stop
Environment:
  COMFYUI_URL   your own ComfyUI, or several as "name=url,name=url"; default: a built-in stand-in without a GPU
  N8N_PORT      default: 5678, or the next free port
`;

main().catch((error) => {
	say(`\n${error.name === 'SetupError' ? error.message : (error.stack ?? error)}`);
	process.exit(1);
});

async function main() {
	const args = process.argv.slice(2);
	const unknown = args.filter((arg) => arg !== '--check');
	if (unknown.length > 0) {
		process.stdout.write(USAGE);
		process.exitCode = unknown[0] === '--help' ? 0 : 64;
		return;
	}
	await ensureDependencies(ROOT);
	build();
	process.exitCode = await runServices(args);
}

/**
 * The services run in a process group of their own: Ctrl-C in a terminal reaches every process of the foreground group
 * at once, and PostgreSQL must not stop before n8n. So the signal ends here and becomes one message.
 */
function runServices(args) {
	const child = fork(fileURLToPath(new URL('start/services.mjs', import.meta.url)), args, {
		cwd: ROOT,
		detached: true,
	});
	const stop = () => child.connected && child.send('stop');
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
	return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

function build() {
	say('Building ...');
	const shell = process.platform === 'win32';
	const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
		cwd: ROOT,
		stdio: ['ignore', 'inherit', 'inherit'],
		shell,
	});
	if (status !== 0) throw new Error('npm run build failed.');
}
