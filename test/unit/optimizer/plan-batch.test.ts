import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { BatchPlan } from '../../../lib/optimizer/types';
import { cli, type CliResult } from '../../support/cli';

const ROOT = path.join(__dirname, '..', '..', '..');
const CATALOG = path.join(ROOT, 'models_config.json');
const FLEET = path.join(ROOT, 'test', 'fixtures', 'fleets', 'studio.json');

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'cli-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function plan(lines: string[], more: string[] = []): Promise<CliResult> {
	const file = path.join(folder, 'jobs.jsonl');
	writeFileSync(file, lines.join('\n'));
	const args = ['plan-batch', '--catalog', CATALOG, '--fleet', FLEET, '--requests', file];
	return cli([...args, ...more]);
}

const PHOTO = '{"purpose":"photo"}';

describe('plan-batch', () => {
	it('prints assignments in running order, totals and what other budgets bring', async () => {
		const result = await plan([PHOTO, '', '{"purpose":"draft","job_id":"d"}']);
		expect([result.code, result.err]).toEqual([0, '']);
		expect(result.out).toContain('2 of 2 jobs assigned');
		expect(result.out).toContain('What other budgets bring');
	});

	it('prints the plan as JSON on one line', async () => {
		const result = await plan([PHOTO], ['--json']);
		const answer = JSON.parse(result.out) as BatchPlan;
		expect(answer).toMatchObject({ objective: 'least_cost', feasible: true });
		expect(result.out.trimEnd().split('\n')).toHaveLength(1);
	});

	it('ends with 2 and the missing money where the budget is too small', async () => {
		const result = await plan([PHOTO], ['--budget', '0', '--json']);
		const answer = JSON.parse(result.out) as BatchPlan;
		expect(result.code).toBe(2);
		expect(answer.shortfalls[0]).toMatchObject({ of: 'budget' });
		expect(answer.shortfalls[0]?.missing).toBeGreaterThan(0);
	});

	it('ends with 2 where one job cannot be served', async () => {
		const result = await plan([PHOTO, '{"purpose":"sculpture"}']);
		expect(result.code).toBe(2);
		expect(result.out).toContain('PURPOSE');
	});

	it('names every line that is not JSON, and every wrong request', async () => {
		const broken = await plan([PHOTO, '{"purpose":', PHOTO, 'nonsense']);
		expect(broken.code).toBe(64);
		expect(broken.err).toMatch(/line 2[\s\S]*line 4/);
		const wrong = await plan(['', PHOTO, '{"purpose":"photo","colour":"red"}']);
		expect(wrong.code).toBe(64);
		expect(wrong.err).toContain('line 3');
		expect(wrong.err).toContain('colour');
	});

	it('refuses an empty file, a missing option and a budget that is no number', async () => {
		expect((await plan([])).code).toBe(64);
		expect((await cli(['plan-batch', '--catalog', CATALOG])).code).toBe(64);
		expect((await plan([PHOTO], ['--budget', 'much'])).code).toBe(64);
	});
});
