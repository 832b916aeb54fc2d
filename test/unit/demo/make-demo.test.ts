import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import { DEMO_SERVERS } from '../../../lib/demo';
import { checkUsageRows } from '../../../lib/usage/row';
import { makeDemo } from '../../../simulator/demo/make-demo';

const catalog = parseCatalog(
	JSON.parse(readFileSync(resolve(__dirname, '../../../models_config.json'), 'utf8')),
);
const NOW = Date.parse('2026-03-12T15:00:00Z');
const DAYS = 3;
const options = { catalog, nowMs: NOW, days: DAYS, seed: 7, readingSeconds: 600 };
const demo = makeDemo(options);

describe('makeDemo', () => {
	it('gives the same rows for the same arguments, others for another seed', () => {
		const short = { ...options, days: 0.5 };
		expect(makeDemo(short)).toEqual(makeDemo(short));
		expect(makeDemo({ ...short, seed: 8 }).usage).not.toEqual(makeDemo(short).usage);
	});

	it('makes rows that the log takes as they are, each attempt once, all within the days asked for', () => {
		expect(checkUsageRows(demo.usage).problems).toEqual([]);
		const keys = demo.usage.map(({ job_id: job, attempt }) => `${job} ${attempt}`);
		expect(new Set(keys).size).toBe(keys.length);
		for (const { created_at: at } of demo.usage) {
			expect(Date.parse(at as string)).toBeGreaterThan(NOW - DAYS * 86_400_000);
			expect(Date.parse(at as string)).toBeLessThanOrEqual(NOW);
		}
		expect(demo.vram.at(-1)?.observed_at).toBe(new Date(NOW).toISOString());
		expect(demo.vram).toHaveLength((DAYS * 144 + 1) * DEMO_SERVERS.length);
	});

	it('marks every row', () => {
		for (const row of demo.usage) {
			expect(row.workflow_id).toBe('comfyui-router-demo');
			expect(row.job_id).toMatch(/^demo:/);
		}
		for (const { server, device_name: device, error } of demo.vram) {
			expect(DEMO_SERVERS).toContain(server);
			expect(device ?? error).toMatch(/^Demo /);
		}
	});

	it('shows what a dashboard is for: several models, cold and warm, late and on time, degraded and refused', () => {
		const has = (check: (row: (typeof demo.usage)[number]) => boolean) => demo.usage.some(check);
		expect(new Set(demo.usage.map((row) => row.model_name)).size).toBeGreaterThan(3);
		expect(has((row) => row.cold === true) && has((row) => row.cold === false)).toBe(true);
		expect(has((row) => row.on_time === true) && has((row) => row.on_time === false)).toBe(true);
		expect(has((row) => row.degraded) && has((row) => row.status === 'rejected')).toBe(true);
		expect(demo.vram.some(({ reachable }) => !reachable)).toBe(true);
	});

	it('never runs two jobs of a server at once', () => {
		const busy = new Map<string, number>();
		const runs = demo.usage.filter(({ server }) => server !== null);
		for (const row of runs) {
			const endMs = Date.parse(row.created_at as string);
			const startMs = endMs - ((row.load_seconds ?? 0) + (row.run_seconds ?? 0)) * 1000;
			expect(startMs).toBeGreaterThan((busy.get(row.server as string) ?? 0) - 5);
			busy.set(row.server as string, endMs);
		}
	});

	it('keeps its memory figures within the device', () => {
		for (const reading of demo.vram.filter(({ reachable }) => reachable)) {
			const { vram_total: total, vram_free: free, torch_vram_total: held } = reading;
			expect((free as number) + (held as number)).toBeLessThanOrEqual(total as number);
			expect(Math.min(free as number, held as number)).toBeGreaterThanOrEqual(0);
		}
	});
});
