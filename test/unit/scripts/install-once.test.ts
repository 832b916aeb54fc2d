/** The cache of tools: installed once by whoever comes first, and again where an install was broken off. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { installOnce } from '../../../scripts/provision/install.mjs';
import { withLock } from '../../../scripts/provision/lock.mjs';

let root: string;

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), 'install-once-'));
});

afterEach(async () => {
	await rm(root, { recursive: true, force: true });
});

/** An "install" that runs a harmless npm command and counts how often it was prepared. */
function install(folder: string) {
	const seen = { prepared: 0 };
	const prepare = async (target: string) => {
		seen.prepared += 1;
		await writeFile(join(target, 'prepared'), '');
	};
	const run = () => installOnce({ folder, what: 'a tool', prepare, npmArgs: ['--version'] });
	return { seen, run };
}

describe('installOnce', () => {
	it('installs once for two that ask at the same time, and not again later', async () => {
		const { seen, run } = install(join(root, 'tool-1.0.0'));

		await Promise.all([run(), run()]);
		await run();

		expect(seen.prepared).toBe(1);
	});

	it('redoes an install that was broken off, without what it had left', async () => {
		const folder = join(root, 'tool-1.0.0');
		await mkdir(folder);
		await writeFile(join(folder, 'half-written'), '');
		const { seen, run } = install(folder);

		await run();

		expect(seen.prepared).toBe(1);
		expect(existsSync(join(folder, 'half-written'))).toBe(false);
		expect(existsSync(join(folder, 'prepared'))).toBe(true);
	});
});

describe('withLock', () => {
	it('lets one in at a time', async () => {
		const file = join(root, 'lock');
		let inside = 0;
		let most = 0;
		const enter = () =>
			withLock(file, 'a test', async () => {
				inside += 1;
				most = Math.max(most, inside);
				await new Promise((resolve) => setImmediate(resolve));
				inside -= 1;
			});

		await Promise.all([enter(), enter(), enter()]);

		expect(most).toBe(1);
		expect(existsSync(file)).toBe(false);
	});

	it('takes over from an owner that died', async () => {
		const file = join(root, 'lock');
		await writeFile(file, '1');
		const longAgo = new Date(Date.now() - 3_600_000);
		await utimes(file, longAgo, longAgo);

		expect(await withLock(file, 'a test', async () => 'entered')).toBe('entered');
	});

	it('lets the next one in after a failure', async () => {
		const file = join(root, 'lock');
		const failing = withLock(file, 'a test', () => Promise.reject(new Error('broken')));

		await expect(failing).rejects.toThrow('broken');
		expect(await withLock(file, 'a test', async () => 'entered')).toBe('entered');
	});
});
