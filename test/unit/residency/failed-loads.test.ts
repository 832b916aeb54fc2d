import { describe, expect, it } from 'vitest';

import { ownJobData, prewarmJobId } from '../../../lib/fleet/own-jobs';
import type { HistoryEntry } from '../../../lib/ports';
import { failedLoads } from '../../../lib/residency/failed-loads';
import { buildProbe } from '../../../lib/workflow/probe-graph';
import { quickCatalog } from '../../support/generate-lab';

const catalog = quickCatalog();
const NOW_MS = Date.UTC(2026, 0, 1);

function ran(modelName: string, jobId: string, changes: Partial<HistoryEntry> = {}): HistoryEntry {
	const model = catalog.models.find(({ name }) => name === modelName)!;
	const graph = buildProbe(
		model,
		{
			steps: 1,
			cfg: 1,
			sampler_name: 'euler',
			scheduler: 'simple',
			width: 256,
			height: 256,
			loras: [],
			prompt: 'warm up',
		},
		1,
	);
	return {
		promptId: jobId,
		number: 1,
		graph,
		status: 'error',
		failure: null,
		cachedNodes: null,
		createTimeMs: null,
		startedMs: null,
		endedMs: NOW_MS - 60_000,
		outputs: [],
		extraData: ownJobData({ job_id: jobId, deadline_at: null }),
		...changes,
	};
}

const load = prewarmJobId('1');
const read = (...history: HistoryEntry[]) => [...failedLoads(history, catalog, NOW_MS)];

describe('failed loads', () => {
	it('are what a server could not load for nobody, half an hour long', () => {
		expect(read(ran('heavy', load))).toEqual(['heavy']);
		expect(read(ran('heavy', load, { endedMs: NOW_MS - 1_900_000 }))).toEqual([]);
		expect(read(ran('heavy', load, { endedMs: null }))).toEqual(['heavy']);
	});

	it('are forgotten once the model has run there, and jobs that fail are none', () => {
		const worked = ran('heavy', 'job', { status: 'success' });
		expect(read(ran('heavy', load), worked)).toEqual([]);
		expect(read(worked, ran('heavy', load))).toEqual(['heavy']);
		expect(read(ran('heavy', load), ran('light', 'job', { status: 'success' }))).toEqual(['heavy']);
		expect(read(ran('heavy', 'job'))).toEqual([]);
		expect(read(ran('heavy', load, { status: 'interrupted' }))).toEqual([]);
	});

	it('are none where the model is not known', () => {
		expect(read(ran('heavy', load, { graph: {} }))).toEqual([]);
		expect(read()).toEqual([]);
	});
});
