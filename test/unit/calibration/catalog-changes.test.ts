import { describe, expect, it } from 'vitest';

import { applyChanges, parseText } from '../../../adapters/files/catalog-text';
import { calibrate, planCatalogChanges, type RunObservation } from '../../../lib/calibration';
import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog } from '../../../lib/catalog/schema';
import { roundCatalog, runsAround, seen } from './observations';

const NOW = Date.UTC(2026, 0, 31);

function plan(runs: readonly RunObservation[], catalog: Catalog = roundCatalog()) {
	return planCatalogChanges(catalog, calibrate(catalog, runs).entries, NOW);
}

describe('what calibration would change', () => {
	it('is nothing without runs, and nothing after too few', () => {
		expect(plan([])).toEqual({ proposals: [], changes: [] });
		const few = plan(runsAround(15, 4));
		expect(few.changes).toEqual([]);
		expect(few.proposals[0]).toMatchObject({ n: 4, old: 10, change: false });
		expect(few.proposals[0]!.why).toContain('fewer than 5');
	});

	it('is the time of the preset that ran, with its interval and why', () => {
		const { proposals, changes } = plan(runsAround(15, 40));
		const [mean, p95] = proposals;
		expect(mean).toMatchObject({
			model: 'a',
			preset: 'full',
			figure: 'avg_time_seconds',
			n: 40,
			old: 10,
			change: true,
			why: '40 runs',
		});
		expect(mean!.new).toBeCloseTo(15, 0);
		expect(mean!.interval![0]).toBeLessThan(mean!.new);
		expect(mean!.interval![1]).toBeGreaterThan(mean!.new);
		expect(p95!.old).toBeNull();
		expect(p95!.new).toBeGreaterThan(mean!.new);
		expect(changes.map((change) => 'key' in change && change.key)).toEqual([
			'avg_time_seconds',
			'p95_time_seconds',
			'source',
			'confidence',
		]);
	});

	it('is nothing again once it was written', () => {
		const runs = [
			...runsAround(15, 40),
			...runsAround(25, 10, { cold: true, load_seconds: null, seed: 3 }),
			seen({ vram_peak_bytes: 15e9 }),
		];
		const text = JSON.stringify(roundCatalog(), null, '\t');
		const first = plan(runs);
		const written = applyChanges(text, first.changes);
		const again = plan(runs, parseCatalog(parseText(written).value));
		expect(first.changes.length).toBeGreaterThan(4);
		expect(again.changes).toEqual([]);
		expect(again.proposals.length).toBe(first.proposals.length);
	});

	it('raises the peak at once, up to what was seen and not below', () => {
		const { proposals, changes } = plan([seen({ vram_peak_bytes: 15.555e9 })]);
		const peak = proposals.find((one) => one.figure === 'vram_peak_gb');
		expect(peak).toMatchObject({ preset: null, n: 1, old: 14, new: 15.56, change: true });
		expect(changes).toMatchObject([{ key: 'vram_peak_gb', path: [], from: 14, to: 15.56 }]);
	});

	it("gives another preset's peak to that preset", () => {
		const { changes } = plan([seen({ preset: 'fast', steps: 4, vram_peak_bytes: 16e9 })]);
		expect(changes).toMatchObject([{ path: ['presets', 1], key: 'vram_peak_gb', to: 16 }]);
	});

	it('lowers a peak only after many runs', () => {
		const low = (n: number) =>
			plan(Array.from({ length: n }, (_, i) => seen({ vram_peak_bytes: 11e9, age_seconds: i })));
		expect(low(6).changes.some((one) => 'key' in one && one.key === 'vram_peak_gb')).toBe(false);
		expect(low(40).changes.some((one) => 'key' in one && one.key === 'vram_peak_gb')).toBe(true);
	});

	it('touches no other byte', () => {
		const text = `{
	// mine
	"version": 1,
	"models": [ { "name": "a", "purposes": {"photo":   0.9}, /* keep */
		"presets": [
			{ "name": "full", "steps": 20, "cfg": 1, "reference": { "width": 1024, "height": 1024 },
				"avg_time_seconds": 10.00, "x_note": "by hand" }, // trailing
		] } ],
}`;
		const catalog = parseCatalog(parseText(text).value);
		const after = applyChanges(text, plan(runsAround(15, 40), catalog).changes);
		expect(parseCatalog(parseText(after).value).models[0]!.presets[0]).toMatchObject({
			confidence: 'measured',
			source: expect.stringContaining('Measured by calibrate on one, 2026-01-31: 40 runs'),
		});
		const added = /,? *\n?\s*"(p95_time_seconds|source|confidence)": ("[^"]*"|[\d.]+)/g;
		const restored = after
			.replace(added, '')
			.replace(/"avg_time_seconds": [\d.]+/, '"avg_time_seconds": 10.00');
		expect(restored).toBe(text);
	});
});
