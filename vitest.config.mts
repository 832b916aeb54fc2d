/** The test projects, from fast and pure to a whole n8n; `npm test` runs them in this order. */
import { defineConfig } from 'vitest/config';

const SECOND = 1000;

interface Project {
	name: string;
	/** Per test; hooks get four times as much. */
	timeoutSeconds: number;
	globalSetup?: string[];
	/** The files drive one n8n together, so they go one after the other. */
	singleFork?: boolean;
}

/** Where `npm test` wants the count. */
const tally = process.env.COMFYUI_ROUTER_TALLY;
const TALLY_REPORTER = './scripts/test/tally-reporter.mjs';

const postgres = './test/support/global-postgres.ts';

const projects: Project[] = [
	{ name: 'unit', timeoutSeconds: 60 },
	{ name: 'contract', timeoutSeconds: 60 },
	{ name: 'integration', timeoutSeconds: 120, globalSetup: [postgres] },
	{ name: 'nodes', timeoutSeconds: 120, globalSetup: [postgres] },
	{ name: 'package', timeoutSeconds: 60 },
	{
		name: 'e2e',
		timeoutSeconds: 150,
		globalSetup: [postgres, './test/support/global-n8n.ts'],
		singleFork: true,
	},
	{ name: 'browser', timeoutSeconds: 300, globalSetup: [postgres], singleFork: true },
];

export default defineConfig({
	test: {
		watch: false,
		passWithNoTests: false,
		reporters: tally === undefined ? ['default'] : ['default', [TALLY_REPORTER, { file: tally }]],
		maxWorkers: 2,
		minWorkers: 1,
		projects: projects.map(({ name, timeoutSeconds, globalSetup, singleFork }) => ({
			test: {
				name,
				include: [`test/${name}/**/*.test.ts`],
				pool: 'forks' as const,
				poolOptions: { forks: { singleFork } },
				globalSetup,
				setupFiles: ['./test/support/property-cases.ts'],
				// real processes on a shared machine: one stall is no fault, two are
				retry: globalSetup === undefined ? 0 : 1,
				testTimeout: timeoutSeconds * SECOND,
				hookTimeout: 4 * timeoutSeconds * SECOND,
			},
		})),
	},
});
