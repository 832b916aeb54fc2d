/** One real n8n, with the built package loaded, for all end-to-end files of a run (see n8n.ts). */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { startN8n } from '../../scripts/n8n-instance/instance.mjs';
import { createTestDatabase } from './postgres';

const ROOT = join(__dirname, '..', '..');

/** Where the running n8n is and how to log in. */
export interface RunningN8n {
	url: string;
	email: string;
	password: string;
	userFolder: string;
}

declare module 'vitest' {
	export interface ProvidedContext {
		n8n: RunningN8n;
	}
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
	const database = await createTestDatabase('n8n');
	const n8n = await startN8n({
		databaseUrl: database.url,
		packageDir: ROOT,
	});
	project.provide('n8n', { url: n8n.url, ...n8n.owner, userFolder: n8n.userFolder });
	return async () => {
		await keepLogOfFailure(project, n8n.logFile);
		await n8n.stop();
		await database.close();
	};
}

/** n8n's own words are gone with its folder, unless a test failed. */
async function keepLogOfFailure(project: TestProject, logFile: string): Promise<void> {
	if (project.vitest.state.getCountOfFailedTests() === 0) return;
	const folder = join(ROOT, '.tmp');
	await mkdir(folder, { recursive: true });
	await copyFile(logFile, join(folder, 'n8n-e2e.log'));
	process.stderr.write(`n8n's log of the failed run: ${join(folder, 'n8n-e2e.log')}\n`);
}
