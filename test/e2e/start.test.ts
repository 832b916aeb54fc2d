/** `npm start`, as a person runs it after cloning: everything comes up, an example runs, everything goes down. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { ROOT } from '../support/e2e-lab';

const run = promisify(execFile);
/** Build, PostgreSQL and a second n8n on a machine that is busy with the first. */
const TIMEOUT_MS = 300_000;

it(
	'npm start brings up services, credentials and examples that work, and stops them',
	async () => {
		const args = ['scripts/start.mjs', '--check'];
		const { stderr } = await run(process.execPath, args, {
			cwd: ROOT,
			timeout: TIMEOUT_MS,
			// with the stand-in, whatever the machine's own setting
			env: { ...process.env, COMFYUI_URL: '' },
		});

		expect(stderr).toContain('the report shows the demo');
		expect(stderr).toContain('the example answers:');
		expect(stderr).toContain('model_usage_log has the run:');
		expect(stderr.trimEnd().endsWith('Stopped.')).toBe(true);
	},
	TIMEOUT_MS,
);
