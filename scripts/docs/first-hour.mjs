/** `npm run docs:screenshots:first-hour`: the browser test, with its pictures written to docs/images. Owns nothing else. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { status } = spawnSync('npm', ['test', '--', '--project', 'browser'], {
	cwd: ROOT,
	stdio: ['ignore', 'inherit', 'inherit'],
	shell: process.platform === 'win32',
	env: { ...process.env, SCREENSHOTS: `${ROOT}docs/images` },
});
process.exitCode = status ?? 1;
