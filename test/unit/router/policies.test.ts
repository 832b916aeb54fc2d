import { describe, expect, it } from 'vitest';

import { catalogOf, fleetOf, queued, select, selected, serverOf } from './builders';

const catalog = catalogOf([
	{
		name: 'heavy',
		quality: 0.9,
		peakGb: 20,
		loadSeconds: 20,
		presets: [
			{ name: 'full', seconds: 60 },
			{ name: 'fast', quality: 0.9, steps: 8, cfg: 1, seconds: 25 },
		],
	},
	{
		name: 'light',
		quality: 0.5,
		peakGb: 8,
		loadSeconds: 4,
		presets: [{ name: 'full', seconds: 4 }],
	},
]);

describe('ties', () => {
	it('are ties although the figures were computed in another order', () => {
		// 12.5 s at 0.5 an hour and 5 s at 1.25 cost the same, but not to the last bit
		const presets = [{ name: 'p', seconds: 5 }];
		const models = [
			{ name: 'a', quality: 0.5, loadSeconds: 10, presets },
			{ name: 'b', quality: 0.9, loadSeconds: 10, presets },
		];
		const cold = serverOf('cold', {
			hourly_cost: 0.5,
			speed_factor: 2,
			installed_files: ['a.safetensors'],
		});
		const warm = serverOf('warm', {
			hourly_cost: 1.25,
			loaded_model: 'b',
			installed_files: ['b.safetensors'],
		});
		const fleet = fleetOf(cold, warm);
		expect((10 + 2.5) * (0.5 / 3600)).not.toBe(5 * (1.25 / 3600));
		const choice = selected(select(catalogOf(models), fleet, { urgency: 'flexible' }));
		expect(choice.model_name).toBe('b');
	});
});

describe('policies on an idle fleet', () => {
	const idle = fleetOf(serverOf('a'));

	it('urgent takes what is most certain to be on time', () => {
		expect(selected(select(catalog, idle, { urgency: 'urgent' })).model_name).toBe('light');
	});

	it('normal takes the best quality that reaches the target probability', () => {
		const selection = selected(select(catalog, idle, {}));
		expect([selection.model_name, selection.preset]).toEqual(['heavy', 'full']);
		expect(selection.estimate.on_time_probability).toBeGreaterThanOrEqual(0.9);
	});

	it('normal gives up quality where the cold load would make the best one late', () => {
		const selection = selected(select(catalog, idle, { deadline_seconds: 70 }));
		expect([selection.model_name, selection.preset]).toEqual(['heavy', 'fast']);
	});

	it('the same deadline is met by the best one where it is warm', () => {
		const warm = fleetOf(serverOf('a', { loaded_model: 'heavy' }));
		const selection = selected(select(catalog, warm, { deadline_seconds: 70 }));
		expect([selection.model_name, selection.preset]).toEqual(['heavy', 'full']);
		expect(selection.estimate.load_seconds).toBe(0);
	});

	it('flexible takes the cheapest above the floor', () => {
		expect(selected(select(catalog, idle, { urgency: 'flexible' })).model_name).toBe('light');
		const floored = selected(select(catalog, idle, { urgency: 'flexible', quality: 'high' }));
		expect([floored.model_name, floored.preset]).toEqual(['heavy', 'fast']);
	});

	it('urgent prefers quality among equally certain candidates', () => {
		const selection = selected(select(catalog, idle, { urgency: 'urgent', deadline_seconds: 600 }));
		expect([selection.model_name, selection.preset]).toEqual(['heavy', 'full']);
	});

	it('takes the earliest finish where nothing is on time, and says that it is late', () => {
		const selection = selected(select(catalog, idle, { deadline_seconds: 0.5 }));
		expect(selection.model_name).toBe('light');
		expect(selection.late).toBe(true);
		expect(selection.selection_reason).toMatch(/late/);
	});

	it('breaks ties by name', () => {
		const twins = fleetOf(serverOf('b'), serverOf('a'));
		expect(selected(select(catalog, twins, {})).server).toBe('a');
	});

	it('prefers the warm server of two equal ones, because it costs less', () => {
		const fleet = fleetOf(serverOf('a'), serverOf('b', { loaded_model: 'heavy' }));
		expect(selected(select(catalog, fleet, { deadline_seconds: 500 })).server).toBe('b');
	});

	it('uses the urgencies and tiers of the catalog', () => {
		const own = catalogOf(
			[
				{ name: 'good', quality: 0.9, presets: [{ seconds: 30 }] },
				{ name: 'quick', quality: 0.4, presets: [{ seconds: 2 }] },
			],
			{
				urgency: { now: { target_seconds: 10, on_time_probability: 0.9, policy: 'best_quality' } },
				quality_tiers: { decent: 0.6 },
			},
		);
		expect(selected(select(own, idle, { urgency: 'now' })).model_name).toBe('quick');
		expect(selected(select(own, idle, { urgency: 'flexible', quality: 'decent' })).model_name).toBe(
			'good',
		);
	});
});

describe('load', () => {
	it('counts the queue of a server in the estimate', () => {
		const busy = fleetOf(
			serverOf('a', {
				queue: [
					queued({ remaining_seconds: 40, running: true }),
					queued({ remaining_seconds: 30, queue_number: 2 }),
				],
			}),
		);
		const selection = selected(select(catalog, busy, { deadline_seconds: 500 }));
		expect(selection.estimate.queue_seconds).toBe(70);
		expect(selection.queue_number).toBe(3);
	});

	it('finds in VRAM what the job before it leaves there', () => {
		const queue = [queued({ model_name: 'heavy', remaining_seconds: 5, running: true })];
		const fleet = fleetOf(serverOf('a', { loaded_model: 'light', queue }));
		const selection = selected(select(catalog, fleet, { model_name: 'heavy' }));
		expect(selection.estimate.load_seconds).toBe(0);
		const light = selected(select(catalog, fleet, { model_name: 'light' }));
		expect(light.estimate.load_seconds).toBe(4);
	});

	it('orders the queue by number whatever the order of the list', () => {
		const queue = [
			queued({ model_name: 'heavy', queue_number: 9 }),
			queued({ model_name: 'light', queue_number: 2 }),
			queued({ model_name: null, queue_number: 1, running: true }),
		];
		const fleet = fleetOf(serverOf('a', { queue }));
		expect(selected(select(catalog, fleet, { model_name: 'heavy' })).estimate.load_seconds).toBe(0);
	});

	it('assumes a time for foreign jobs that tell none', () => {
		const fleet = fleetOf(serverOf('a', { queue: [queued({ remaining_seconds: null })] }));
		expect(selected(select(catalog, fleet, {})).estimate.queue_seconds).toBeGreaterThan(0);
	});

	it('gives up quality when demand makes GPU time dear, and says so', () => {
		const fleet = fleetOf(serverOf('a', { loaded_model: 'heavy' }));
		const request = { deadline_seconds: 300 };
		const calm = selected(select(catalog, fleet, request));
		const crowded = selected(
			select(catalog, fleet, request, { demand: { arrivals_per_second: 0.5 } }),
		);
		expect(calm.preset).toBe('full');
		expect(calm.degraded).toBe(false);
		expect(crowded.estimate.quality).toBeLessThan(calm.estimate.quality);
		expect(crowded.degraded).toBe(true);
		expect(crowded.selection_reason).toMatch(/load/);
		expect(crowded.alternatives.map((a) => a.reason_code)).toContain('LOAD_PRICE');
	});

	it('never goes below the floor, however dear GPU time is', () => {
		const fleet = fleetOf(serverOf('a', { loaded_model: 'light' }));
		const selection = selected(
			select(catalog, fleet, { min_quality: 0.85 }, { demand: { arrivals_per_second: 100 } }),
		);
		expect(selection.estimate.quality).toBeGreaterThanOrEqual(0.85);
	});
});
