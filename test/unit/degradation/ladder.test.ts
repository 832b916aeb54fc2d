import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ladderFor, predictiveRung, type Rung, selectionOfRung } from '../../../lib/degradation';
import { withUpscale } from '../../../lib/degradation/upscale-graph';
import type { FleetServer, FleetSnapshot } from '../../../lib/fleet/types';
import { ModelRouter } from '../../../lib/router/model-router';
import type { SelectedDecision } from '../../../lib/selection/types';
import { buildGraph } from '../../../lib/workflow/build';
import { catalogOf, parameters, presetOf } from '../../support/selections';
import { rungOf } from './rungs';

const GB = 1e9;
const NOW = Date.UTC(2026, 0, 31);

const catalog = catalogOf([
	{
		name: 'large',
		family: 'qwen-image',
		files: { diffusion_model: 'large.safetensors' },
		purposes: { photo: 0.9 },
		vram_gb: 14,
		vram_peak_gb: 18,
		load_seconds: 8,
		presets: [
			presetOf('full', { cfg: 1, avg_time_seconds: 20 }),
			presetOf('lightning', {
				cfg: 1,
				steps: 8,
				quality: 0.9,
				avg_time_seconds: 9,
				loras: [{ file: 'l8' }],
			}),
		],
	},
	{
		name: 'small',
		files: { checkpoint: 'small.safetensors' },
		purposes: { photo: 0.6 },
		vram_gb: 5,
		vram_peak_gb: 8,
		load_seconds: 3,
		presets: [presetOf('full', { avg_time_seconds: 4 })],
	},
]);
const router = new ModelRouter(catalog);

function server(name: string, over: Partial<FleetServer> = {}): FleetServer {
	return {
		name,
		reachable: true,
		devices: [{ vram_total: 24 * GB, vram_free: 23 * GB, torch_vram_total: 0, torch_vram_free: 0 }],
		queue: [],
		loaded_model: 'large',
		installed_files: null,
		...over,
	};
}

function ladder(request: Record<string, unknown> = {}, fleet?: FleetSnapshot): Rung[] {
	const asked = { purpose: 'photo', deadline_seconds: 60, ...request };
	const servers = fleet ?? { servers: [server('a')] };
	const selection = router.select(asked, servers, { nowMs: NOW });
	if (selection.decision !== 'selected') throw new Error(selection.selection_reason);
	return ladderFor(router, asked, selection, servers, { nowMs: NOW });
}

const kinds = (rungs: Rung[]) => rungs.map((rung) => rung.kind);

describe('The ladder', () => {
	it('begins with the selection and loses the least first', () => {
		const rungs = ladder();
		expect(rungs[0]).toMatchObject({ kind: 'selected', quality: 0.9 });
		expect(kinds(rungs)).toEqual(
			expect.arrayContaining(['fewer_steps', 'distilled_preset', 'lighter_cold']),
		);
		expect(kinds(rungs).indexOf('fewer_steps')).toBeLessThan(
			kinds(rungs).indexOf('distilled_preset'),
		);
		expect(kinds(rungs).at(-1)).toBe('lighter_cold');
	});

	it('names what is given up', () => {
		const steps = ladder().find((rung) => rung.kind === 'fewer_steps');
		expect(steps?.name).toBe('16 steps instead of 20');
	});

	it('leaves the steps that the caller asked for alone', () => {
		expect(kinds(ladder({ steps: 18 }))).not.toContain('fewer_steps');
	});

	it('enlarges a smaller image to what was asked for, unless told not to', () => {
		const asked = { purpose: 'photo', deadline_seconds: 60, model_name: 'small' };
		const fleet = { servers: [server('a', { loaded_model: 'small' })] };
		const selection = router.select(asked, fleet, { nowMs: NOW }) as SelectedDecision;
		const rungs = (size: 'upscale' | 'smaller' | 'never') =>
			ladderFor(router, asked, selection, fleet, { nowMs: NOW, size });
		const smaller = rungs('upscale').find((rung) => rung.kind === 'fewer_megapixels');
		expect(smaller?.upscaleTo).toEqual({ width: 1024, height: 1024 });
		expect(smaller?.selection.parameters.width).toBeLessThan(1024);
		expect(rungs('smaller').find((rung) => rung.kind === 'fewer_megapixels')?.upscaleTo).toBeNull();
		expect(kinds(rungs('never'))).not.toContain('fewer_megapixels');
	});

	it('offers the same on another server where this one is busy', () => {
		const busy = server('a', {
			queue: [
				{
					job_id: 'x',
					model_name: 'large',
					remaining_seconds: 30,
					deadline_seconds: null,
					queue_number: 1,
					running: true,
				},
			],
		});
		const asked = { purpose: 'photo', deadline_seconds: 200 };
		const only = { servers: [busy] };
		const calm = { nowMs: NOW, demand: { arrivals_per_second: 0 } };
		const selection = router.select(asked, only, calm) as SelectedDecision;
		const rungs = ladderFor(
			router,
			asked,
			selection,
			{ servers: [busy, server('b')] },
			{ nowMs: NOW },
		);
		const { quality } = selection.estimate;
		expect(rungs[1]).toMatchObject({ kind: 'other_server', quality, name: 'server b' });
	});

	it('never goes below the floor, and each rung is worse and faster than the one above', () => {
		const floors = fc.double({ min: 0, max: 0.9, noNaN: true });
		fc.assert(
			fc.property(floors, fc.integer({ min: 1, max: 100 }), (floor, deadline) => {
				const rungs = ladder({ min_quality: floor, deadline_seconds: deadline });
				for (const [index, rung] of rungs.entries()) {
					expect(rung.quality).toBeGreaterThanOrEqual(floor - 1e-9);
					const above = rungs[index - 1];
					if (!above) continue;
					expect(rung.quality).toBeLessThanOrEqual(above.quality);
					expect(rung.seconds).toBeLessThan(above.seconds);
				}
			}),
			{ numRuns: 60 },
		);
	});

	it('keeps to the tier that stands for the floor', () => {
		expect(ladder({ quality: 'high' }).every((rung) => rung.quality >= 0.75)).toBe(true);
	});
});

describe("The rung at a job's turn", () => {
	it('is the best that is certain enough, else the fastest', () => {
		const rungs = [rungOf({ onTime: 0.4 }), rungOf({ onTime: 0.8 }), rungOf({ onTime: 0.99 })];
		expect(predictiveRung(rungs, 0.7)).toBe(rungs[1]);
		expect(predictiveRung(rungs, 0.999)).toBe(rungs[2]);
	});

	it('is never lower for more time', () => {
		const deadline = fc.double({ min: 1, max: 60, noNaN: true });
		fc.assert(
			fc.property(deadline, fc.double({ min: 0, max: 30, noNaN: true }), (seconds, more) => {
				const fleet = { servers: [server('a')] };
				const best = router.select({ purpose: 'photo', deadline_seconds: 1000 }, fleet, {
					nowMs: NOW,
				}) as SelectedDecision;
				const at = (deadlineSeconds: number) => {
					const asked = { purpose: 'photo', deadline_seconds: deadlineSeconds };
					return predictiveRung(ladderFor(router, asked, best, fleet, { nowMs: NOW }), 0.9).quality;
				};
				expect(at(seconds + more)).toBeGreaterThanOrEqual(at(seconds) - 1e-9);
			}),
			{ numRuns: 60 },
		);
	});

	it('becomes a selection that says what was given up', () => {
		const [first, ...rest] = ladder();
		const last = rest.at(-1);
		if (!first || !last) throw new Error('no rungs');
		const lowered = selectionOfRung(last, 'time is short', first.selection);
		expect(lowered).toMatchObject({ degraded: true, deadline_at: first.selection.deadline_at });
		expect(lowered.selection_reason).toContain('time is short');
	});
});

describe('Enlarging', () => {
	it('puts a scale in front of what saves, and leaves the graph given as it is', () => {
		const [, model] = catalog.models;
		if (!model) throw new Error('no model');
		const graph = buildGraph({ ...model, family: 'sdxl' }, { parameters }, { seed: 1 });
		const before = structuredClone(graph);
		const enlarged = withUpscale(graph, { width: 2048, height: 2048 });
		expect(graph).toEqual(before);
		const [scaleId, scale] =
			Object.entries(enlarged).find(([, node]) => node.class_type === 'ImageScale') ?? [];
		expect(scale?.inputs).toMatchObject({ width: 2048, height: 2048, upscale_method: 'lanczos' });
		const save = Object.values(enlarged).find((node) => node.class_type === 'SaveImage');
		expect(save?.inputs['images']).toEqual([scaleId, 0]);
	});
});
