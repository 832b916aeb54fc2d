/** Folders of this package as a release leaves them, under version numbers of the caller's choice. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Packs the built repository and unpacks it under another version.
 * @returns {Promise<string>} the folder, ready to be published
 */
export async function packageAs(version, packageDir, folder) {
	const target = join(folder, version);
	await mkdir(target, { recursive: true });
	const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', target];
	const { stdout } = await run('npm', args, { cwd: packageDir, maxBuffer: 2 ** 26 });
	await run('tar', ['-xzf', JSON.parse(stdout)[0].filename], { cwd: target });
	const unpacked = join(target, 'package');
	const manifest = join(unpacked, 'package.json');
	const content = JSON.parse(await readFile(manifest, 'utf8'));
	await writeFile(manifest, JSON.stringify({ ...content, version }, null, '\t'));
	return unpacked;
}
