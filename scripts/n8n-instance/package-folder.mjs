/**
 * Puts this package into an n8n user folder the way an installation leaves it there: the packed files only, with the
 * production dependencies of the lock file beneath. Owns that layout; builds nothing (run `npm run build` before).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SetupError } from '../provision/command.mjs';

const run = promisify(execFile);
const shell = process.platform === 'win32';

/**
 * @param {string} packageDir the repository, built
 * @param {string} userFolder the folder that n8n gets as N8N_USER_FOLDER
 * @returns {Promise<string>} where the package is now
 */
export async function installPackage(packageDir, userFolder) {
	const { name } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'));
	await requireBuild(packageDir);
	const target = join(userFolder, '.n8n', 'nodes', 'node_modules', name);
	await rm(target, { recursive: true, force: true });
	await mkdir(dirname(target), { recursive: true });
	await unpack(packageDir, target);
	for (const location of await productionPackages(packageDir)) {
		await copyPackage(join(packageDir, location), join(target, location));
	}
	return target;
}

async function requireBuild(packageDir) {
	const { n8n } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'));
	const missing = [...n8n.nodes, ...n8n.credentials].filter(
		(f) => !existsSync(join(packageDir, f)),
	);
	if (missing.length === 0) return;
	throw new SetupError(
		`The package is not built: ${missing.join(', ')} missing.`,
		'Run "npm run build".',
	);
}

async function unpack(packageDir, target) {
	const folder = await mkdtemp(join(tmpdir(), 'comfyui-router-pack-'));
	try {
		const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
		const { stdout } = await run('npm', args, { cwd: packageDir, shell, maxBuffer: 2 ** 26 });
		const [packed] = JSON.parse(stdout);
		await run('tar', ['-xzf', packed.filename], { cwd: folder });
		await cp(join(folder, 'package'), target, { recursive: true });
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** The lock file's packages that are neither development's nor a peer's: `node_modules/axios`, ... */
async function productionPackages(packageDir) {
	const lock = JSON.parse(await readFile(join(packageDir, 'package-lock.json'), 'utf8'));
	return Object.entries(lock.packages)
		.filter(([location, entry]) => location && !entry.dev && !entry.peer && !entry.devOptional)
		.filter(([location, entry]) => !entry.optional || existsSync(join(packageDir, location)))
		.map(([location]) => location);
}

/** Without its own node_modules: what is nested there has an entry of its own in the lock file. */
async function copyPackage(from, to) {
	const staging = `${to}.copying`;
	await cp(from, staging, {
		recursive: true,
		filter: (source) => source !== join(from, 'node_modules'),
	});
	await mkdir(dirname(to), { recursive: true });
	await rename(staging, to);
}
