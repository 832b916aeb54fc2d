/** What users, programs and files give us: catalogs, fleets, workflows, selections, requests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { parseText } from '../../../adapters/files/catalog-text';
import { parseCatalog, parseCatalogText } from '../../../lib/catalog/parse';
import { parseFleet } from '../../../lib/fleet/parse';
import type { FleetSnapshot } from '../../../lib/fleet/types';
import { ModelRouter } from '../../../lib/router/model-router';
import { parseSelected } from '../../../lib/selection/parse';
import { applySelection } from '../../../lib/workflow/apply-selection';
import { findBindings } from '../../../lib/workflow/bindings';
import { looseGraph, parseGraph } from '../../../lib/workflow/parse-graph';
import { smallCatalog } from '../../support/catalog-builder';
import { workflow } from '../../support/recordings';
import { selectionOf } from '../../support/selections';
import { damaged, edits, expectBounded, fuzz, FUZZ_TIMEOUT_MS, refusesOrReturns } from './hostile';

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS });

const ROOT = join(__dirname, '../../..');
const fleet = JSON.parse(
	readFileSync(join(ROOT, 'test/fixtures/fleets/studio.json'), 'utf8'),
) as FleetSnapshot;
const catalog = {
	...smallCatalog(),
	servers: [{ name: 'gpu-a', url: 'http://10.0.0.5:8188', hourly_cost: 0.7 }],
	urgencies: { urgent: { target_seconds: 15 } },
};
const now = { nowMs: Date.parse('2026-01-31T12:00:00Z') };
const request = {
	purpose: 'photo',
	urgency: 'urgent',
	quality: 'high',
	width: 1024,
	height: 1024,
	batch_size: 2,
	prompt: 'a lighthouse',
	max_cost: 1,
	exclude_models: ['b'],
	job_id: 'j1',
	deadline_at: '2026-01-31T12:05:00Z',
};
const router = new ModelRouter(parseCatalog(smallCatalog()));
const graphs = ['qwen_image_lightning4'].map((name) => workflow(name) as unknown);

describe('a damaged catalog', () => {
	it('is read or refused, as JSON', async () => {
		await fuzz(edits, 12_000, (changes) => {
			const input = damaged(catalog, changes);
			const read = refusesOrReturns(() => parseCatalog(input));
			if (read) expectBounded(read, input);
		});
	});

	it('is read or refused, as text, by readers and by the editor', async () => {
		const piece = fc.constantFrom(
			'',
			'"',
			'{',
			'}',
			'[',
			']',
			',',
			':',
			'//',
			'/*',
			'*/',
			'\\',
			'\u0000',
			'-',
			'e',
			'#',
		);
		const text = JSON.stringify(catalog, null, 1);
		await fuzz(fc.array(fc.tuple(fc.nat(), fc.nat(3), piece), { maxLength: 4 }), 10_000, (cuts) => {
			const input = cuts.reduce((left, [at, length, put]) => {
				const start = at % (left.length + 1);
				return left.slice(0, start) + put + left.slice(start + length);
			}, text);
			refusesOrReturns(() => parseCatalogText(input, '/data/models_config.json'));
			refusesOrReturns(() => parseText(input));
		});
	});
});

describe('a damaged fleet', () => {
	it('is read or refused, and never breaks a decision', async () => {
		await fuzz(edits, 14_000, (changes) => {
			const input = damaged(fleet, changes);
			const read = refusesOrReturns(() => parseFleet(input));
			if (!read) return;
			expectBounded(read, input);
			refusesOrReturns(() => router.select({ purpose: 'photo' }, read, now));
		});
	});
});

describe('a damaged request', () => {
	it('is decided or refused', async () => {
		await fuzz(edits, 12_000, (changes) => {
			const input = damaged(request, changes);
			const selection = refusesOrReturns(() => router.select(input, fleet, now));
			if (selection) expectBounded(selection, [input, fleet]);
		});
	});
});

describe('a damaged workflow', () => {
	const selection = selectionOf({ name: 'a', files: { checkpoint: 'a.safetensors' } });

	it.each(graphs.map((graph, index) => [index, graph] as const))(
		'is read, filled in or refused (%d)',
		async (_index, graph) => {
			await fuzz(edits, 14_000, (changes) => {
				const input = damaged(graph, changes);
				const before = JSON.stringify(input);
				expectBounded(looseGraph(input), input);
				const read = refusesOrReturns(() => parseGraph(input));
				if (!read) return;
				refusesOrReturns(() => findBindings(read));
				const applied = refusesOrReturns(() => applySelection(input, selection));
				if (applied) expectBounded(applied, input);
				expect(JSON.stringify(input)).toBe(before);
			});
		},
	);
});

describe('a damaged selection', () => {
	it('is taken or refused', async () => {
		const selected = router.select({ purpose: 'photo', job_id: 'j1', prompt: 'x' }, fleet, now);
		const rejected = router.select({ purpose: 'photo', max_cost: 1e-9 }, fleet, now);
		expect([selected.decision, rejected.decision]).toEqual(['selected', 'rejected']);
		await fuzz(edits, 6_000, (changes) => {
			for (const selection of [selected, rejected]) {
				const input = damaged(selection, changes);
				const read = refusesOrReturns(() => parseSelected(input));
				if (read) expectBounded(read, input);
			}
		});
	});
});
