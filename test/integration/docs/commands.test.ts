/**
 * Every command of the documents that needs a database, a server or files runs, with ours in their place. What the page shows of
 * their output is a person's own and not compared.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StandIn } from '../../../simulator/comfyui';
import { startServer } from '../../nodes/support/fixtures';
import { cli } from '../../support/cli';
import { createTestDatabase, type TestDatabase } from '../../support/postgres';
import { pages, ROOT } from '../../unit/docs/markdown';

/** Replays for minutes; its options are checked with those of all commands, its output by tests of its own. */
const TOO_LONG = /^plan-mig /;

const lines = pages()
	.flatMap((page) => page.blocks)
	.filter(({ language }) => language === 'sh' || language === 'console')
	.flatMap(({ where, language, text }) =>
		text
			.replace(/\\\n\s*/g, ' ')
			.split('\n')
			.filter((line) => language === 'sh' || line.startsWith('$ '))
			.flatMap((line) => {
				const command = /^(?:\$ )?(?:DATABASE_URL=\S+ )?(?:npx )?comfyui-router (.+)$/.exec(
					line,
				)?.[1];
				return command === undefined ? [] : [[where, command.replace(/\s#.*$/, '')] as const];
			}),
	)
	.filter(([, command]) => !command.includes('test/fixtures/') && !TOO_LONG.test(command));

let folder: string;
let database: TestDatabase;
let server: StandIn;
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'docs-commands-'));
	mkdirSync(join(folder, 'models'));
	copyFileSync(join(ROOT, 'models_config.json'), join(folder, 'models_config.json'));
	copyFileSync(join(ROOT, 'test/fixtures/fleets/studio.json'), join(folder, 'fleet.json'));
	writeFileSync(join(folder, 'request.json'), '{"purpose":"photo"}');
	writeFileSync(join(folder, 'jobs.jsonl'), '{"purpose":"photo"}\n{"purpose":"product"}\n');
	server = await startServer();
	database = await createTestDatabase('docs_commands');
	await cli(['migrate', '--database-url', database.url]);
});
afterAll(async () => {
	await server.close();
	await database.close();
	rmSync(folder, { recursive: true, force: true });
});

/** A shell's words, with ours for what the reader would put there. */
function wordsOf(command: string): string[] {
	const words = command.match(/'[^']*'|\S+/g) ?? [];
	return words.map((word) =>
		word
			.replace(/^'(.*)'$/, '$1')
			.replace(/postgresql:\/\/\S+/, database.url)
			.replace(/http:\/\/[\w.-]+:8188/, server.url)
			.replace(/^0\.0\.0\.0:\d+$/, '127.0.0.1:0')
			.replace(/^~\/ComfyUI\/models$/, join(folder, 'models'))
			.replace(
				/^(?:\S*\/)?(models_config\.json|fleet\.json|request\.json|jobs\.jsonl|report\.html)$/,
				(_, name) => join(folder, String(name)),
			),
	);
}

describe('a command of the documents', () => {
	it('is shown', () => expect(lines.length).toBeGreaterThan(15));

	it.each(lines)('%s runs: %s', async (_where, command) => {
		const stop = new AbortController();
		const { code, err } = await cli(wordsOf(command), {
			env: { DATABASE_URL: database.url },
			signal: stop.signal,
			// what serves until it is stopped
			onErr: (text) => {
				if (text.startsWith('Metrics at')) stop.abort(new Error('SIGTERM'));
			},
		});
		expect([0, 2], err).toContain(code);
	});
});
